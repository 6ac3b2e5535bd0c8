from flowerablate.study.read import read_study
from flowerablate.study.resolve import resolve
from flowerablate.study.templates import default_study
from flowerablate.tuning.tuning_plan import HEAD, is_ours


def test_the_best_is_a_whole_study_that_says_where_it_comes_from(make_plan, assembler, tmp_path):
    plan = make_plan("optimizer.lr", "model.width", **{"ablation.seeds": 9, "metrics.primary": "macro_f1"})
    text = plan.study_file({"optimizer.lr": 0.02, "model.width": 8}, 40, "trial 3", assembler)
    path = tmp_path / "best.toml"
    path.write_text(text)
    study = read_study(default_study(), path)
    tuned = resolve(study, assembler.lookup)
    assert text.startswith(f"{HEAD}: trial 3\n")
    assert tuned == plan.tuned({"optimizer.lr": 0.02, "model.width": 8}, assembler)
    assert (study.name, study.ablation.seeds, study.metrics.primary) == (f"{plan.study}-tuned", 9, "macro_f1")
    assert study.tuned is not None
    assert study.tuned.model_dump() == {"settings": ["optimizer.lr", "model.width"], "trials": 40, "metric": "macro_f1"}


def test_a_relative_path_of_the_data_is_made_absolute(make_plan, assembler, image_folder):
    assert image_folder.parent == assembler.root
    plan = make_plan("optimizer.lr", dataset={"use": "folder", "path": "images"})
    assert f'path = "{image_folder}"' in plan.study_file({"optimizer.lr": 0.02}, 1, "", assembler)


def test_a_file_that_tuning_did_not_write_is_not_to_be_overwritten(tmp_path):
    path = tmp_path / "best.toml"
    assert is_ours(path)
    path.write_text(f"{HEAD}: trial 1\n")
    assert is_ours(path)
    path.write_text("name = 'mine'\n")
    assert not is_ours(path)
    path.write_bytes(b"\xff\xfe")
    assert not is_ours(path)


def test_the_longest_training_counts_the_epochs_that_may_be_tried(make_plan):
    assert make_plan("optimizer.lr").max_epochs == 2
    assert make_plan("train.epochs=1:7").max_epochs == 7
    assert make_plan("train.epochs=3,5").max_epochs == 5
