"""The note on what a change altered besides its component."""

import pytest

from flowerablate.contracts import Contrast
from flowerablate.stats import summarise
from flowerablate.stats.confounds import _from_to, refusal_notes, short_number

PLAIN = {"steps per epoch": 20.0, "batch size": 32.0, "epochs": 8.0, "training images": 640.0}
SEEN = {"pixel mean": 0.0, "pixel deviation": 1.0}
ONE = "This comparison changes more than the component, and the effect may come from that"
SEVERAL = "These comparisons change more than the component, and the effect may come from that"


@pytest.fixture
def note(trial):
    """Return the note for variants whose trials differ from the base in what is given, by change."""

    def write(contrasts=(), base=None, **variants):
        results = [trial("", seed, 0.9 + seed / 100, facts={**PLAIN, **SEEN, **(base or {})}) for seed in range(3)]
        for name, given in variants.items():
            fields = {"facts": {**PLAIN, **SEEN, **given.get("facts", {})}, "parameters": given.get("parameters", 1000)}
            fields["epochs"] = given.get("epochs", 2)
            results += [trial(f"-{name}", seed, 0.8 + seed / 90, **fields) for seed in range(3)]
        notes = summarise(results, contrasts).notes
        return [text for text in notes if "also changes" in text or "change more than the component" in text]

    return write


def test_nothing_is_said_where_nothing_else_moved(note):
    assert note(flip={}) == []


def test_counts_that_moved_are_said_for_each_contrast_in_one_note(note):
    assert note(
        resize={"facts": {"steps per epoch": 18.0, "training images": 576.0}}, skip={"parameters": 175_250}, flip={}
    ) == [
        "These comparisons change more than the component, and that may explain their effects: "
        "-resize: steps per epoch 20 → 18, training images 640 → 576; -skip: parameters 1,000 → 175k."
    ]


def test_images_of_a_step_and_of_an_epoch_are_said_where_they_are_not_the_batch_and_all(note):
    plain = {"effective batch size": 32.0, "different images per epoch": 640.0}
    larger = {"batch size": 64.0, "effective batch size": 64.0, "steps per epoch": 10.0}
    gathered = {"effective batch size": 64.0, "steps per epoch": 10.0}
    assert note(base=plain, larger={"facts": plain | larger}) == [
        "Removing larger also changes the batch size (32 → 64) and the steps per epoch (20 → 10). "
        "This may explain the effect."
    ]
    assert note(base=plain, gathered={"facts": plain | gathered}) == [
        "Removing gathered also changes the effective batch size (32 → 64) and the steps per epoch (20 → 10). "
        "This may explain the effect."
    ]
    assert note(base=plain, weighted={"facts": plain | {"different images per epoch": 410.0}}) == [
        "Removing weighted also changes the number of different images per epoch (640 → 410). "
        "This may explain the effect."
    ]


def test_numbers_that_look_alike_when_short_are_said_in_full(note):
    (text,) = note(base={}, norm={"parameters": 1001})
    assert text.startswith("Removing norm also changes the number of parameters (1,000 → 1,001).")
    assert short_number(171_986) == short_number(171_522)
    assert _from_to(171_986, 171_522) == "171,986 → 171,522"


def test_only_paired_trials_are_compared(trial):
    """A base that went on to more replicates, for another question, has other images on those."""
    facts = [{**PLAIN, "training images": 640.0 + seed} for seed in range(5)]
    results = [trial("", seed, 0.9 + seed / 100, facts=facts[seed]) for seed in range(5)]
    results += [trial("-flip", seed, 0.8 + seed / 90, facts=facts[seed]) for seed in range(3)]
    assert not [text for text in summarise(results, ()).notes if "also changes" in text]


def test_epochs_that_were_trained_are_said_where_patience_ends_one_arm_earlier(note):
    (patient,) = note(patient={"epochs": 6})
    assert patient.startswith("Removing patient also changes the number of epochs trained (2 → 6).")
    (longer,) = note(longer={"epochs": 6, "facts": {"epochs": 6.0}})
    assert longer.startswith("Removing longer also changes the number of epochs (8 → 6).")


def test_pixels_are_noted_if_they_change_by_a_twentieth_of_their_standard_deviation(note):
    assert note(light={"facts": {"pixel mean": 0.049, "pixel deviation": 1.01}}) == []
    assert note(light={"facts": {"pixel mean": 0.3}}) == [
        "Removing light also changes the brightness and contrast of the model's input "
        "(mean 0.00 → 0.30, standard deviation 1.00 in both). This may explain the effect."
    ]
    assert note(light={"facts": {"pixel deviation": 0.5}}) == [
        "Removing light also changes the brightness and contrast of the model's input "
        "(mean 0.00 in both, standard deviation 1.00 → 0.50). This may explain the effect."
    ]


def test_learned_normalisations_that_move_are_said(note):
    learned = {"normalisation mean": 0.45, "normalisation deviation": 0.25}
    moved = {"normalisation mean": 0.15, "normalisation deviation": 0.25}
    assert note(base=learned, tophat={"facts": moved}) == [
        "Removing tophat also changes the normalisation (mean 0.45 → 0.15, standard deviation 0.25 in both). "
        "This may explain the effect."
    ]
    # Where one arm does not normalise, the pixels tell.
    assert note(base=learned, tophat={}) == []


def test_arms_of_several_variants_are_averaged(note):
    effect = Contrast("a", "main effect", {"": 0.5, "-b": 0.5, "-a": -0.5, "-ab": -0.5}, "a")
    found = note([effect], a={"facts": {"steps per epoch": 10.0}}, b={}, ab={"facts": {"steps per epoch": 20.0}})
    assert found == ["a also changes the steps per epoch (20 → 15). This may explain the effect."]


def test_an_interaction_has_no_arms_to_compare(note):
    interaction = Contrast("a:b", "interaction", {"": 1.0, "-a": -1.0, "-b": -1.0, "-ab": 1.0}, "a:b")
    assert note([interaction], a={"facts": {"epochs": 9.0}}, b={}, ab={}) == []


def test_refusals_are_told_with_their_reasons_those_of_one_reason_together():
    assert list(refusal_notes({"-flip": "flip: applied to none"}, {"-x": "is odd"})) == [
        "Refused before training, because nothing differs: -flip: applied to none.",
        "-x is odd.",
    ]
    shared = {"-flip": "flip: applied to none", "a:b": "flip: applied to none", "-c": "model.c: is idle"}
    assert list(refusal_notes(shared, {})) == [
        "Refused before training, because nothing differs: -flip, a:b: flip: applied to none; -c: model.c: is idle."
    ]
