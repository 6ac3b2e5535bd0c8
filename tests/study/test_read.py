import pickle
import time
from pathlib import Path

import pytest

from flowerablate.contracts import TRAINING
from flowerablate.errors import StudyError
from flowerablate.study.read import load_toml, parse_override, read_study, read_value, study_name

DEFAULTS = (Path(__file__).parents[2] / "templates" / "study.toml").read_text()


DATA = "\n[dataset]\nuse = 'folder'\npath = 'x'\n"


def read(tmp_path: Path, text: str, *overrides: str):
    path = tmp_path / "mine.toml"
    path.write_text(text + DATA)
    return read_study(DEFAULTS, path, overrides)


def test_the_default_study_is_valid_and_has_a_morphology_step_among_five_removable_ones():
    study = read_study(DEFAULTS, None)
    assert study.steps["morphology"].params == {"op": "open", "size": 3, "shape": "rectangle"}
    assert sum(step.removable for step in study.steps.values()) >= 5


def test_a_study_is_named_after_its_file_unless_it_says_otherwise(tmp_path):
    assert read(tmp_path, "").name == "mine"
    assert read(tmp_path, 'name = "roses"').name == "roses"


def test_a_study_travels_to_another_process_as_it_is():
    study = read_study(DEFAULTS, None, ["model.width=8", "trackers.csv.use=csv", "train.epochs=3"])
    assert pickle.loads(pickle.dumps(study)) == study


def test_tables_of_the_core_are_merged_with_the_defaults_key_by_key(tmp_path):
    study = read(tmp_path, "[split]\nfolds = 3")
    assert study.split == read_study(DEFAULTS, None).split.model_copy(update={"folds": 3})


def test_what_a_study_leaves_out_of_train_is_what_the_default_study_has(tmp_path):
    written = read_study(DEFAULTS, None).components["train"].params
    assert written == {param.name: param.default for param in TRAINING.params}
    assert read(tmp_path, "[train]\nepochs = 3").components["train"].params == {"epochs": 3}


def test_a_component_table_replaces_the_default_as_a_whole(tmp_path):
    study = read(tmp_path, '[optimizer]\nuse = "adam"')
    assert study.components["optimizer"].params == {}


def test_steps_replace_the_default_steps_and_keep_their_order(tmp_path):
    study = read(tmp_path, '[steps.b]\nuse = "flip"\n[steps.a]\nuse = "flip"')
    assert list(study.steps) == ["b", "a"]


@pytest.mark.parametrize(
    ("override", "table", "key", "value"),
    [
        ("input.image_size=32", "input", "image_size", 32),
        ("split.test=0.5", "split", "test", 0.5),
        ("ablation.until_decided=true", "ablation", "until_decided", True),
        ("execution.jobs=4", "execution", "jobs", 4),
        ("execution.jobs=auto", "execution", "jobs", 0),
        ("statistics.min_replicates=3", "statistics", "min_replicates", 3),
    ],
)
def test_any_key_of_the_core_can_be_overridden(override, table, key, value):
    assert getattr(getattr(read_study(DEFAULTS, None, [override]), table), key) == value


def test_what_was_typed_as_the_number_of_jobs_is_a_number_or_auto():
    for typed, number in (("4", 4), ("auto", 0), (4, 4)):
        assert read_study(DEFAULTS, None, [], {"execution.jobs": typed}).execution.jobs == number
    with pytest.raises(StudyError, match=r"execution\.jobs: .*not 'many'"):
        read_study(DEFAULTS, None, [], {"execution.jobs": "many"})


def test_an_unknown_key_of_a_table_that_may_be_missing_is_named():
    with pytest.raises(StudyError, match=r"unknown key 'tuned\.trial'; did you mean 'trials'"):
        read_study(DEFAULTS, None, [], {"tuned": {"settings": [], "trials": 3, "metric": "accuracy", "trial": 1}})


def test_a_step_parameter_can_be_overridden():
    study = read_study(DEFAULTS, None, ["steps.morphology.size=5", "steps.morphology.shape=cross"])
    assert study.steps["morphology"].params == {"op": "open", "size": 5, "shape": "cross"}


def test_a_new_step_can_be_added_on_the_command_line():
    study = read_study(DEFAULTS, None, ["steps.again.use=morphology", "steps.again.size=5"])
    assert list(study.steps)[-1] == "again"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[trian]\nepochs = 1", "unknown key 'trian'; did you mean 'train'?"),
        ("[ablation]\ndesign = ['shapley', 'pairs']", "ablation.design: there is no 'pairs'; did you mean 'pairwise'?"),
        ("[statistics]\npopulation = 'x'", "population: there is no 'x'; choose from: auto, images, replicates"),
        ("[model]\nlayers = 3", "model.use is missing"),
        ("name = 'a/b'", "name: use letters"),
        ("[steps.'a b']\nuse = 'x'", "use letters"),
        ("epochs 3", "is not valid TOML"),
    ],
)
def test_a_fault_in_the_file_is_named_with_the_file_and_the_nearest_valid_word(tmp_path, text, message):
    with pytest.raises(StudyError, match=r"mine\.toml") as caught:
        read(tmp_path, text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("epochs", "not of the form key=value"),
        ("trian.epochs=3", "did you mean 'train'?"),
        ("steps.morfology.size=3", "no step is called 'morfology'; did you mean 'morphology'?"),
        ("name.x=1", "name is a value"),
    ],
)
def test_a_fault_on_the_command_line_is_named(override, message):
    with pytest.raises(StudyError) as caught:
        read_study(DEFAULTS, None, [override])
    assert message in str(caught.value)


def test_a_missing_file_says_how_to_get_one(tmp_path):
    with pytest.raises(StudyError, match="flowerablate init"):
        read_study(DEFAULTS, tmp_path / "none.toml")


def test_a_folder_is_not_a_study(tmp_path):
    with pytest.raises(StudyError, match="is a folder; give the study file, or name the folder as the data"):
        read_study(DEFAULTS, tmp_path)


@pytest.mark.parametrize("text", ["", "[train]\nepochs = 3\n"])
def test_a_file_that_names_no_data_is_refused_unless_they_are_given(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(StudyError, match=r"mine\.toml names no data: add a table \[dataset\] to it, or give "):
        read_study(DEFAULTS, path)
    given = read_study(DEFAULTS, path, [], {"dataset": {"use": "folder", "path": "x"}})
    assert given == read_study(DEFAULTS, path, ["dataset.use=folder", "dataset.path=x"])


def test_a_byte_order_mark_is_no_fault_and_other_encodings_are_named(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes(("name = 'roses'\r\n" + DATA).encode("utf-8-sig"))
    assert read_study(DEFAULTS, path).name == "roses"
    path.write_bytes(DATA.encode("utf-16"))
    with pytest.raises(StudyError, match=r"mine\.toml is in UTF-16; save it in UTF-8"):
        read_study(DEFAULTS, path)
    path.write_bytes("name = 'Müller'".encode("latin-1"))
    with pytest.raises(StudyError, match=r"mine\.toml is not in UTF-8 \(invalid .* at byte 9\); save it in UTF-8"):
        read_study(DEFAULTS, path)


def test_a_key_that_is_there_twice_is_named_with_its_line(tmp_path):
    with pytest.raises(StudyError, match=r"mine\.toml .*: 'lr' is given twice, the second time in line 4"):
        read(tmp_path, "[optimizer]\nuse = 'sgd'\nlr = 0.1\nlr = 0.2")
    (tmp_path / "last.toml").write_text("name = 'a'\nname = 'b'")
    with pytest.raises(StudyError, match=r"'name' is given twice, the second time in line 2"):
        read_study(DEFAULTS, tmp_path / "last.toml")


@pytest.mark.parametrize(
    "text", ["a = 1\na.b = 2", "[steps]\nflip = 1\n[steps.flip]\nuse = 'x'", "a = [\n1\n]\na = [\n2\n]"]
)
def test_another_clash_of_keys_is_told_in_the_words_of_the_parser(tmp_path, text):
    with pytest.raises(StudyError, match=r"mine\.toml is not valid TOML: Cannot "):
        read(tmp_path, text)


def test_a_fault_is_that_of_the_file_or_of_who_overrides_it(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("[ablation]\nseeds = 0\n" + DATA)
    with pytest.raises(StudyError, match=r"mine\.toml: ablation\.seeds: input should be greater"):
        read_study(DEFAULTS, path)
    path.write_text("[ablation]\nseeds = 3\n" + DATA)
    for overrides, options in ((["ablation.seeds=0"], {}), ([], {"ablation.seeds": 0})):
        with pytest.raises(StudyError, match=r"^command line: ablation\.seeds: input should be greater"):
            read_study(DEFAULTS, path, overrides, options)


def test_values_are_read_as_toml_and_else_as_text():
    assert read_value("3") == 3
    assert read_value("[1, 2]") == [1, 2]
    assert read_value("cross") == "cross"
    assert read_value('"3"') == "3"
    assert read_value("images/a.b") == "images/a.b"
    assert [read_value(text) for text in (".", "..", "./a")] == [".", "..", "./a"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (".01", 0.01), ("-.5", -0.5), ("1.", 1.0), ("2.e-3", 0.002), (".5e2", 50.0), ("[.5, 1., 0.2]", [0.5, 1.0, 0.2]),
        ("True", True), ("[False, true]", [False, True]), ('".5"', ".5"), ("v1.", "v1."), ("1.2.3", "1.2.3"),
    ],
)  # fmt: skip
def test_numbers_and_booleans_may_be_written_as_in_python(text, value):
    assert read_value(text) == value


def test_another_component_starts_from_its_own_defaults():
    study = read_study(DEFAULTS, None, ["optimizer.weight_decay=0.1", "optimizer.use=adam"])
    assert study.components["optimizer"].params == {"weight_decay": 0.1}
    step = read_study(DEFAULTS, None, ["steps.resize.use=center_crop"]).steps["resize"]
    assert step.params == {}
    assert step.removable is False


def test_the_same_component_keeps_its_parameters():
    assert read_study(DEFAULTS, None, ["optimizer.use=adamw"]).optimizer.params == {"lr": 0.005}


def test_options_are_laid_over_the_file_and_overrides_over_options(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("[ablation]\nseeds = 2" + DATA)
    assert read_study(DEFAULTS, path, (), {"ablation.seeds": 3}).ablation.seeds == 3
    assert read_study(DEFAULTS, path, ["ablation.seeds=4"], {"ablation.seeds": 3}).ablation.seeds == 4


def test_a_whole_table_can_be_set():
    study = read_study(DEFAULTS, None, (), {"dataset": {"use": "folder", "path": "Rosen \N{ROSE}"}})
    assert study.components["dataset"].params == {"path": "Rosen \N{ROSE}"}


@pytest.mark.parametrize(("text", "name"), [("my study", "my-study"), ("\N{ROSE}", "study"), ("a.b-c_d", "a.b-c_d")])
def test_a_study_is_named_validly_after_any_file(text, name):
    assert study_name(text) == name


@pytest.mark.parametrize(
    "deep", ["a = " + "[" * 100_000, "a = " + "[" * 100_000 + "]" * 100_000, "a = " + "{a=" * 50_000]
)
def test_values_that_are_nested_too_deeply_are_refused_in_one_line(tmp_path, deep):
    (tmp_path / "deep.toml").write_text(deep)
    with pytest.raises(StudyError, match="nested too deeply"):
        load_toml(tmp_path / "deep.toml")
    with pytest.raises(StudyError, match="nested too deeply"):
        parse_override(deep)


def test_a_file_that_is_far_too_large_for_a_study_is_not_parsed(tmp_path):
    (tmp_path / "large.toml").write_text("# " + "x" * 50_000_000)
    begin = time.perf_counter()
    with pytest.raises(StudyError, match="has 50 MB, which is no study file"):
        load_toml(tmp_path / "large.toml")
    assert time.perf_counter() - begin < 5
