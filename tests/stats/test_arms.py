import pytest

from flowerablate.stats.arms import contrast_of_change


@pytest.mark.parametrize(
    ("change", "kind", "component"),
    [
        ("-flip -light", "removal", "flip & light"),
        ("bare", "removal", "bare"),
        ("-model.skip model.width=32", "setting", "model.width"),
        ("normalize.mean=[0.5, -0.5]", "setting", "normalize.mean"),
        ("model=resnet34", "swap", "model"),
        ("optimizer.lr=0.03", "setting", "optimizer.lr"),
        ("control=placebo", "control", "placebo"),
    ],
)
def test_a_variant_whose_design_is_not_known_is_compared_with_the_base_as_what_its_name_says(change, kind, component):
    contrast = contrast_of_change(change)
    assert (contrast.kind, contrast.component) == (kind, component)
    assert contrast.weights == {"": 1.0, change: -1.0}
