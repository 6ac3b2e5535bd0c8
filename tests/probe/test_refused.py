"""Before training: questions that vanish are refused with the reason."""

import re

import pytest
from probing import OTHER, RANDOM_CROP, STANDARD, steps

from flowerablate.errors import StudyError

REFUSED = {
    "a kernel of size 1": (
        steps('opened: use = "morphology"; size = 1'),
        "opened",
        r"opened: leaves each of \d+ sampled images unchanged \(size 1\)",
    ),
    "probability 0": (
        steps('flip: use = "horizontal_flip"; probability = 0.0'),
        "flip",
        r"flip: applied to none of \d+ sampled images \(probability 0\)",
    ),
    "probability 0 of a step that else is done once": (
        steps('opened: use = "morphology"; size = 9; probability = 0.0'),
        "opened",
        r"opened: applied to none of \d+ sampled images \(probability 0\)",
    ),
    "a jitter of 0.1 %": (
        steps('light: use = "brightness_contrast"; brightness = 0.001; contrast = 0.001'),
        "light",
        r"light: changes no pixel of \d+ sampled images by a whole level \(brightness 0.001, contrast 0.001\)",
    ),
    "half of a jitter": (
        steps('light: use = "brightness_contrast"; brightness = 0.001; contrast = 0.0'),
        "light.brightness",
        r"light.brightness: 0.001 and 0.0 do the same to each of \d+ sampled images",
    ),
    "a change that a normalisation undoes": (
        steps('shift: use = "shift"', STANDARD),
        "shift",
        "shift: what it changes is undone by norm",
    ),
    "a change that another step undoes": (
        steps('negative: use = "negative"', 'print: use = "negative"'),
        "negative+print",
        "negative: what it changes is undone by print",
    ),
    "a step that a later one overwrites": (
        steps('opened: use = "morphology"', 'paint: use = "paint"'),
        "opened",
        "opened: overwritten by paint",
    ),
    "a random step that a later one overwrites": (
        steps('flip: use = "horizontal_flip"', 'paint: use = "paint"', crop=RANDOM_CROP),
        "flip",
        "flip: overwritten by paint",
    ),
    "a swap for the same": (
        steps('opened: use = "open"'),
        "opened=morphology",
        r"opened: open and morphology do the same to each of \d+ sampled images",
    ),
    "a mix of nothing": (
        steps('mixup: use = "mixup"; probability = 0.0'),
        "mixup",
        r"mixup: applied to none of \d+ sampled images \(probability 0\)",
    ),
    "two names of one optimizer": (
        steps(),
        "optimizer=adamw,weight_decay=0.0",
        "optimizer: the optimizer makes the same steps with adam and with adamw",
        "optimizer.use=adam",
        "optimizer.lr=0.002",
    ),
    "a setting of no size": (
        steps(),
        "optimizer.momentum=0.9000000001",
        "optimizer.momentum: the optimizer makes the same steps with 0.9 and with 0.9000000001",
    ),
    "a rate that the scheduler overwrites": (
        steps(),
        "optimizer.lr=0.02",
        r"optimizer.lr: overwritten by the scheduler \(absolute\)",
        "scheduler.use=absolute",
    ),
    "a schedule that never acts": (
        steps(),
        "scheduler=step,epoch_size=90",
        "scheduler: the learning rate is the same at every step with constant and with step",
        "scheduler.use=constant",
    ),
    "a plateau that no training is long enough for": (
        steps(),
        "scheduler=plateau,patience=90",
        "scheduler: the learning rate is the same at every step with constant and with plateau",
        "scheduler.use=constant",
    ),
    "weights of classes that are equally many": (
        steps(),
        "loss=weighted-cross-entropy",
        "loss: the loss has the same values and gradients with cross-entropy and with weighted-cross-entropy",
    ),
    "a sampler that balances what is balanced": (
        steps(),
        "sampler=balanced",
        "sampler: the training images come in the same order with shuffled and with balanced",
    ),
    "patience that no training is short of": (
        steps(),
        "train.patience=2",
        r"train.patience: 0 and 2 never stop such a short training",
    ),
    "a step of more batches than there are": (
        steps(),
        "train.accumulate=60",
        r"train.accumulate: 50 and 60 make one step of each epoch",
        "train.accumulate=50",
    ),
    "an average that the first steps hold down": (
        steps(),
        "train.ema=0.999",
        r"train.ema: 0.99 and 0.999 have the same effect in so few steps .*",
        "train.ema=0.99",
    ),
    "layers left out at random without anything to pass them by": (
        steps(),
        "model.drop_path=0.2",
        r"model.drop_path: the network has the same weights, outputs and gradients with.*",
        "model.skip=false",
    ),
    "a switch of the model without a wire": (
        steps(),
        "model.idle",
        "model.idle: the network has the same weights, outputs and gradients with it and without it",
        "model.use=flat",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_a_question_that_vanishes_is_refused_with_the_place_where_its_difference_dies(bench, short_proof, case):
    text, question, reason, *overrides = case
    probed = bench.probe(text, question, OTHER, also=overrides)
    (found,) = probed.refused.values()
    assert re.fullmatch(reason, found)
    assert [contrast.label for contrast in probed.design.contrasts] == [OTHER]
    assert [variant.change for variant in probed.design.variants] == ["", OTHER]


def test_where_nothing_is_left_the_reasons_are_the_error(bench):
    text = steps('flip: use = "horizontal_flip"; probability = 0.0', 'opened: use = "morphology"; size = 1')
    with pytest.raises(StudyError, match=r"^nothing would differ.*: -flip: applied to none .*; -opened: leaves each "):
        bench.probe(text, "flip", "opened")
