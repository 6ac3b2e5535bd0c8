"""An error about what a study file says names the file; one about what was typed does not."""

import pytest

DATA = '[dataset]\nuse = "synthetic-flowers"\n'

IN_THE_FILE = [
    ('[train]\nepochs = "x"', "train.epochs must be a whole number"),
    ("[train]\nepoch = 3", "[train] has no parameter 'epoch'"),
    ('[train]\nbest_by = "acc"', "train.best_by: no metric is called 'acc'"),
    ('[model]\nuse = "resnet9"', "no model is called 'resnet9'"),
    ('[model]\nuse = "resnet8"\nwidht = 3', "has no parameter 'widht'"),
    ('[loss]\nuse = "cross-entropy"\nlabel_smoothing = 5.0', "loss.label_smoothing must be"),
    ('[steps.x]\nuse = "mixupp"', "no step is called 'mixupp'"),
    ("[steps.x]\nsize = 3", "steps.x.use is missing"),
    ("[split]\nvalidation = 0.6\ntest = 0.5", "split.validation and split.test leave nothing to train on"),
    ('[split]\nsubset = "abc"', "split.subset: give a number of images"),
    ("[input]\nimage_size = 32.5", "input.image_size:"),
    ("[inputs]\nimage_size = 32", "unknown key 'inputs'"),
    ('[metrics]\nprimary = "acc"', "metrics.primary: no metric is called 'acc'"),
    ('[metrics]\nsecondary = ["acc"]', "metrics.secondary: no metric is called 'acc'"),
    ('[statistics]\nfamily = "max-t"\nmargin = 0.1', 'statistics.family = "max-t" has no test of a margin'),
    ("[statistics]\nmargin = 2.0", "a margin of 2 is not below 1"),
    ('[ablation]\ndisable = ["flipp"]', "'flipp' cannot be disabled"),
    ('[ablation]\nswap = ["model=resnet9"]', "no model is called 'resnet9'"),
    ('[ablation]\nvary = ["optimizer.lrr=3"]', "'optimizer.lrr' is not a setting"),
    ('[ablation]\nretune = ["optimizer.lr=3"]', "retune 'optimizer.lr=3' leaves nothing to choose"),
    ('[ablation]\ndesign = ["factorial", "fractional"]', "ask the same questions"),
    ("[ablation]\nuntil_decided = true\nmax_seeds = 3", "ablation.max_seeds = 3 is below ablation.seeds = 6"),
    ('[execution]\njobs = "many"', "execution.jobs: give a number"),
    ('[execution]\ntrial_timeout = "many"', "execution.trial_timeout: 'many' is not a duration"),
    ('[execution]\nmemory = "many"', "execution.memory: 'many' is not a size"),
    ('[trackers.a]\nuse = "proc"', "no tracker is called 'proc'"),
    ('name = "a b"', "name: use letters"),
    ("epochs = 3", "unknown key 'epochs'"),
]


@pytest.mark.parametrize(("text", "said"), IN_THE_FILE, ids=[said for _, said in IN_THE_FILE])
def test_what_the_file_says_is_blamed_on_the_file(command, folder, text, said):
    tables = f"{DATA}{text}\n" if text.startswith("[") else f"{text}\n{DATA}"
    (folder / "mine.toml").write_text(tables)
    done = command("run", "mine.toml", "--dry-run")
    assert done.returncode == 1
    assert done.stderr.startswith("error: mine.toml: "), done.stderr
    assert said in done.stderr
    assert done.stderr.count("mine.toml") == 1
    assert done.stderr.count("\n") == 1


TYPED = [
    (("--set", "train.epochs=x"), "train.epochs must be"),
    (("--set", "model.use=resnet9"), "no model is called"),
    (("--disable", "flipp"), "'flipp' cannot be disabled"),
    (("--swap", "model=resnet9"), "no model is called"),
    (("--vary", "optimizer.lrr=3"), "'optimizer.lrr' is not a setting"),
    (("--retune", "optimizer.lr=3"), "leaves nothing to choose"),
    (("--metric", "acc"), "metrics.primary: no metric is called"),
    (("--margin", "2"), "a margin of 2"),
    (("--subset", "abc"), "split.subset: give a number"),
    (("--tracker", "proc"), "no tracker is called"),
    (("--jobs", "many"), "execution.jobs: give a number"),
    (("--until-decided", "--seeds", "9", "--max-seeds", "3"), "ablation.max_seeds = 3 is below"),
    (("--design", "factorial", "--design", "fractional"), "ask the same questions"),
    (("--set", "trainn.epochs=3"), "unknown key 'trainn.epochs'"),
]


@pytest.mark.parametrize(("words", "said"), TYPED, ids=[" ".join(words) for words, _ in TYPED])
def test_what_was_typed_is_not_blamed_on_the_file(command, folder, words, said):
    (folder / "mine.toml").write_text(DATA)
    done = command("run", "mine.toml", "--dry-run", *words)
    assert done.returncode == 1
    assert said in done.stderr
    assert "mine.toml" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [("sanity",), ("explain", "rose/000001.png"), ("data", "check"), ("tune", "--dry-run")],
    ids=lambda words: words[0],
)
def test_each_command_that_reads_the_file_names_it(command, folder, words):
    if words[0] == "tune":
        pytest.importorskip("optuna")
    (folder / "study.toml").write_text(f'{DATA}[optimizer]\nuse = "nesterovv"\n')
    done = command(*words)
    assert done.stderr.startswith("error: study.toml: optimizer: no optimizer is called 'nesterovv'"), done.stderr
