"""Before training: questions that do not vanish are kept, some with a remark."""

from dataclasses import replace

import pytest
import torch
from probing import OTHER, RANDOM_CROP, STANDARD, Bench, kept, pair, steps

from flowerablate.contracts import Contrast, Design, Variant
from flowerablate.errors import StudyError
from flowerablate.study.resolve import resolve

ALL = steps(
    'opened: use = "morphology"',
    'flip: use = "horizontal_flip"',
    'turned: use = "rotate"',
    'light: use = "brightness_contrast"',
    'seldom: use = "rarely"',
    'norm: use = "normalize"; mean = [0.4, 0.4, 0.4]; std = [0.2, 0.2, 0.2]',
    'mixup: use = "mixup"',
    crop=RANDOM_CROP,
)


def test_no_part_of_an_ordinary_study_is_refused(bench):
    also = ("loss.label_smoothing=0.1", "scheduler.use=cosine", "scheduler.warmup=0.2")
    probed = bench.probe(ALL, also=also)
    parts = ["opened", "crop", "flip", "turned", "light", "seldom", "norm", "mixup"]
    parts += ["model.skip", "model.batchnorm", "optimizer.weight_decay", "scheduler.warmup", "loss.label_smoothing"]
    assert kept(probed) == {f"-{part}" for part in parts}
    assert probed.remarks == {}


def test_no_swap_for_something_else_is_refused(bench):
    swaps = [
        "optimizer=sgd,lr=0.1",
        "optimizer.lr=0.1001",
        "optimizer.momentum=0.89",
        "scheduler=cosine",
        "scheduler.pct_start=0.4",
        "loss.label_smoothing=0.01",
        "model=resnet14",
        "model.zero_init=true",
        "opened=close",
        "flip=vertical_flip",
        "turned.degrees=14.0",
        "train.batch_size=5",
        "sampler=weighted,power=0.0",
        "train.patience=1",
        "train.accumulate=2",
        "train.ema=0.5",
        "train.clip_norm=1.0",
        "train.best_by=loss",
        "model.drop_path=0.2",
    ]
    assert kept(bench.probe(ALL, *swaps)) == set(swaps)


def test_no_setting_of_a_schedule_that_goes_by_the_validation_loss_is_refused(bench):
    settings = [f"scheduler.{text}" for text in ("patience=0", "threshold=0.01", "cooldown=1", "min_lr=0.001")]
    also = ["scheduler.use=plateau", "train.epochs=6"]
    assert kept(bench.probe(steps(), *settings, also=also)) == set(settings)


def test_what_a_network_does_in_training_only_is_seen(bench):
    """Dropout acts in training alone, and a gradient that is cut off changes no output at all."""
    assert kept(bench.probe(steps(), "model.dropout", "model.detached", also=["model.use=flat"])) == {
        "-model.dropout",
        "-model.detached",
    }


def test_what_shows_only_once_weights_have_grown_is_seen(bench):
    """A branch that begins at zero hides what is in it, and no value is large enough at first to be capped."""
    assert kept(bench.probe(steps(), "model.bent", "model.capped", also=["model.use=late"])) == {
        "-model.bent",
        "-model.capped",
    }


def test_settings_of_the_training_are_seen(bench):
    base = resolve(bench.base(steps()), bench.assembler.lookup)
    trained = [base.with_params("train", **changed) for changed in ({"batch_size": 5}, {"epochs": 4})]
    for other in (*trained, replace(base, split=replace(base.split, test=0.3))):
        assert bench.run(pair(base, other), base).refused == {}


def test_a_batch_size_above_the_number_of_images_is_the_number_of_images(bench):
    base = resolve(bench.base(steps(), "train.batch_size=100"), bench.assembler.lookup)
    other = base.with_params("train", batch_size=200)
    with pytest.raises(StudyError, match=r"train.batch_size: 100 and 200 have the same effect on these data"):
        bench.run(pair(base, other), base)


def test_where_trials_choose_a_setting_all_its_values_are_looked_at(bench):
    base = resolve(bench.base(steps()), bench.assembler.lookup)
    slow = base.with_params("optimizer", lr=0.03)

    def search(pipeline, key, *values):
        return replace(pipeline, retune=((key, values),))

    with pytest.raises(StudyError, match="overwritten in every trial by the values chosen on validation"):
        bench.run(pair(search(base, "optimizer.lr", 0.1, 0.2), search(slow, "optimizer.lr", 0.1, 0.2)), base)
    kept(bench.run(pair(search(base, "optimizer.lr", 0.1, 0.2), search(base, "optimizer.lr", 0.1, 0.3)), base))
    kept(bench.run(pair(search(base, "optimizer.lr", 0.1, 0.2), search(base, "optimizer.lr", 0.1)), base))
    kept(bench.run(pair(search(base, "optimizer.momentum", 0.9), search(slow, "optimizer.momentum", 0.9)), base))


def test_controls_are_not_refused_though_they_change_nothing(bench):
    text = steps('flip: use = "horizontal_flip"')
    probed = bench.probe(text, "flip", also=['ablation.controls=["placebo", "luck"]'])
    assert kept(probed) == {"-flip", "placebo", "luck"}


def test_only_what_has_trials_to_run_is_looked_at(bench):
    base = resolve(bench.base(steps('flip: use = "horizontal_flip"; probability = 0.0')), bench.assembler.lookup)
    other = replace(base, steps=tuple(replace(s, enabled=s.name != "flip") for s in base.steps))
    assert bench.run(pair(base, other), base, missing=()).refused == {}


def four_cells(bench, *parts):
    """The four variants with and without each of two steps, by what is left out."""
    text = steps(*parts, crop=RANDOM_CROP)
    base = resolve(bench.base(text, "train.batch_size=64"), bench.assembler.lookup)
    first, second = (part.partition(":")[0] for part in parts)

    def without(*names):
        return replace(base, steps=tuple(replace(s, enabled=s.name not in names) for s in base.steps))

    variants = (
        Variant("", base),
        Variant("-a", without(first)),
        Variant("-b", without(second)),
        Variant("-a+b", without(first, second)),
    )
    contrasts = (
        Contrast("a:b", "interaction", {"": 1.0, "-a": -1.0, "-b": -1.0, "-a+b": 1.0}, "a:b"),
        Contrast("a", "main effect", {"": 0.5, "-b": 0.5, "-a": -0.5, "-a+b": -0.5}, "a"),
        Contrast("b", "main effect", {"": 0.5, "-a": 0.5, "-b": -0.5, "-a+b": -0.5}, "b"),
    )
    return bench.run(Design(variants, contrasts), base)


def test_contrasts_of_many_cells_vanish_where_their_weights_cancel_in_each_class(bench):
    probed = four_cells(bench, 'flip: use = "horizontal_flip"; probability = 0.0', 'light: use = "brightness_contrast"')
    assert [contrast.label for contrast in probed.design.contrasts] == ["b"]
    assert set(probed.refused) == {"a", "a:b"}
    assert all(reason.startswith("flip: applied to none of") for reason in probed.refused.values())
    assert probed.repeated == 2


def test_contrasts_of_many_cells_stay_where_every_part_matters(bench):
    probed = four_cells(bench, 'flip: use = "horizontal_flip"', 'light: use = "brightness_contrast"')
    assert kept(probed) == {"a", "b", "a:b"}
    assert probed.repeated == 0


def test_weights_that_are_drawn_for_each_replicate_vanish_only_if_they_do_on_all(bench):
    base = resolve(bench.base(steps('flip: use = "horizontal_flip"; probability = 0.0')), bench.assembler.lookup)
    same = replace(base, steps=tuple(replace(s, enabled=s.name != "flip") for s in base.steps))
    longer = base.with_params("train", epochs=4)
    variants = (Variant("", base), Variant("same", same), Variant("longer", longer))
    idle, real = {"": 1.0, "same": -1.0}, {"": 1.0, "longer": -1.0}
    mixed = Contrast("mixed", "share", {}, "mixed", by_seed={0: idle, 1: real})
    nothing = Contrast("nothing", "share", {}, "nothing", by_seed={0: idle, 1: idle})
    probed = bench.run(Design(variants, (mixed, nothing)), base)
    assert set(probed.refused) == {"nothing"}
    assert [contrast.label for contrast in probed.design.contrasts] == ["mixed"]


def test_what_changes_pixels_by_a_level_is_kept_with_a_remark(bench):
    probed = bench.probe(steps('shift: use = "shift"; by = 1'), "shift")
    assert kept(probed) == {"-shift"}
    assert probed.remarks["-shift"].startswith("hardly differs: no pixel")
    assert bench.probe(steps('shift: use = "shift"; by = 2'), "shift").remarks == {}


@pytest.mark.parametrize("probability", ["1.0", "0.5"])
def test_what_a_normalisation_undoes_but_for_rounding_is_kept_with_a_remark(bench, probability):
    probed = bench.probe(
        steps(f'stretch: use = "min_max"; per_channel = false; probability = {probability}', STANDARD), "stretch"
    )
    assert kept(probed) == {"-stretch"}
    assert probed.remarks["-stretch"].startswith("hardly differs: the model's input")


def test_what_no_later_step_undoes_gets_no_remark(bench):
    stretched = 'stretch: use = "min_max"'
    assert bench.probe(steps(stretched), "stretch").remarks == {}
    assert bench.probe(steps(stretched, STANDARD), "stretch").remarks == {}  # each channel, then all by the same
    assert bench.probe(steps(stretched, 'norm: use = "normalize"'), "stretch").remarks == {}
    assert bench.probe(steps('coarse: use = "posterize"; bits = [3, 3]', STANDARD), "coarse").remarks == {}


def test_a_normalisation_by_nearly_the_same_numbers_hardly_differs(bench):
    study = steps('norm: use = "normalize"; mean = [0.5]; std = [0.25]')
    assert (
        bench.probe(study, "norm.mean=[0.501]")
        .remarks["norm.mean=[0.501]"]
        .startswith("hardly differs: the model's input")
    )
    assert bench.probe(study, "norm.mean=[0.51]").remarks == {}


def test_a_step_that_only_keeps_others_from_being_merged_is_kept_with_a_remark(bench):
    between = 'light: use = "brightness_contrast"; brightness = 0.001; contrast = 0.0'
    text = steps('turned: use = "rotate"', between, 'moved: use = "affine"', crop=RANDOM_CROP)
    probed = bench.probe(text, "light", "turned")
    assert kept(probed) == {"-light", "-turned"}
    assert set(probed.remarks) == {"-light"}
    assert "decides which other steps are interpolated as one" in probed.remarks["-light"]


def test_what_touches_one_image_in_a_hundred_is_found_before_it_would_be_refused(tmp_path, make_images):
    bench = Bench(tmp_path, make_images(tmp_path / "many", per_class=200, size=20))
    assert kept(bench.probe(steps('seldom: use = "rarely"; fraction = 0.01', crop=RANDOM_CROP), "seldom")) == {
        "-seldom"
    }


def test_with_few_images_more_of_the_epochs_are_looked_at(bench):
    """One change in two hundred draws may miss all of twenty images in three epochs, but not in all replicates."""
    seldom = steps('seldom: use = "rarely"; fraction = 0.005', crop=RANDOM_CROP)
    for epochs in (3, 400):
        assert kept(bench.probe(seldom, "seldom", also=[f"train.epochs={epochs}"])) == {"-seldom"}


def test_what_a_later_step_hides_is_proved_again_if_that_step_is_left_out(tmp_path, make_images):
    """Half an image in a hundred is missed at first look: that it never shows after the paint proves nothing."""
    bench = Bench(tmp_path, make_images(tmp_path / "many", per_class=500, size=20))
    probed = four_cells(bench, 'seldom: use = "rarely"; fraction = 0.004', 'paint: use = "paint"')
    assert kept(probed) == {"a", "b", "a:b"}


def test_a_variant_that_fails_is_left_to_its_trials_to_say_so(bench):
    probed = bench.probe(steps(), "model=flat,fails=true", OTHER)
    assert "RuntimeError: it cannot" in probed.remarks["model=flat,fails=true"]
    assert kept(probed) == {"model=flat,fails=true", OTHER}


@pytest.mark.parametrize("error", ["StudyError", "SystemExit", "KeyboardInterrupt"])
def test_an_error_of_any_kind_in_a_variant_leaves_the_others_to_be_compared(bench, error):
    probed = bench.probe(steps(), f"sampler=raising,error={error}", f"loss=raising,error={error}", OTHER)
    for label in (f"sampler=raising,error={error}", f"loss=raising,error={error}"):
        assert f"could not be compared before training: {error}" in probed.remarks[label]
    assert len(kept(probed)) == 3


def test_the_random_state_is_left_as_it_was(bench):
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    bench.probe(steps(), "model.dropout", also=["model.use=flat"])
    assert torch.equal(torch.random.get_rng_state(), before)
