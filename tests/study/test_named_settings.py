"""``name,key=value`` is read in one way, wherever it is written."""

import pytest

from flowerablate.errors import StudyError
from flowerablate.study.named_settings import Named, read_named, read_several, split_values


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a,b", ["a", "b"]),
        ("a=[1,2],b", ["a=[1,2]", "b"]),
        ("a=[[1,2],[3]],b={c=1,d=[2,3]},e", ["a=[[1,2],[3]]", "b={c=1,d=[2,3]}", "e"]),
        ('a="x,y",b', ['a="x,y"', "b"]),
        (r'a="x\",y",b', [r'a="x\",y"', "b"]),
        ("a='x,y]', b", ["a='x,y]'", " b"]),
        ('a=["x,y", "z"],b', ['a=["x,y", "z"]', "b"]),
        ("it's,b", ["it's", "b"]),
        ("a],b", ["a]", "b"]),
        ("", [""]),
    ],
)
def test_commas_within_brackets_and_quotes_do_not_split(text, parts):
    assert split_values(text) == parts


def test_a_name_comes_first_and_its_parameters_are_toml():
    found = read_named("csv, columns=[a,b], flush=true, note='x, y', shape=cross", "--tracker")
    assert found.name == "csv"
    assert found.params == {"columns": "[a,b]", "flush": True, "note": "x, y", "shape": "cross"}
    assert read_named('csv,columns=["a","b"]', "--tracker").params == {"columns": ["a", "b"]}
    assert read_named("brier", "metric") == Named("brier")


def test_a_part_without_a_value_is_refused_with_where_it_stands():
    with pytest.raises(StudyError, match=r"--tracker: 'flush' in 'csv,flush' is not of the form parameter=value"):
        read_named("csv,flush", "--tracker")
    with pytest.raises(StudyError, match=r"columns: 'width=3' is a parameter, but no column comes before it"):
        read_several("width=3,effect", "columns", "column")


def test_several_names_have_each_their_own_parameters():
    assert read_several("variant, forest, width=30, at=[1,2], p", "columns") == [
        Named("variant"),
        Named("forest", {"width": 30, "at": [1, 2]}),
        Named("p"),
    ]


@pytest.mark.parametrize("text", ["forest,width=[30,p", 'mean,unit="a,b'])
def test_a_quote_or_bracket_left_open_is_named(text):
    with pytest.raises(StudyError, match="a quote or bracket is not closed"):
        split_values(text)
