"""Components with one fault each, of the kind that the ladder is to find; and sound ones that are fast."""

import itertools

import numpy as np

import flowerablate as fa


def module(change):
    """Build the sound network, with *change* made to its methods."""

    def build(context):
        import torch
        from torch import nn

        class Small(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Conv2d(context.channels, 8, 3, stride=2)
                self.norm = nn.BatchNorm2d(8)
                self.last = nn.Linear(8, context.classes)
                self.spare = nn.Linear(8, context.classes) if change == "dead branch" else None

            def forward(self, images):
                if change == "breaks":
                    raise RuntimeError("it cannot")
                if change == "mixes":
                    images = images - images.mean(dim=0, keepdim=True)
                if change == "blind":
                    images = 0 * images
                hidden = torch.relu(self.norm(self.first(images))).mean((2, 3))
                logits = self.last(hidden)
                if change == "dead branch":
                    logits = logits + self.spare(hidden).detach()
                if change == "loud":
                    logits = 100 * logits
                if change == "moody":
                    logits = logits * (1 + 0.1 * next(_moods))
                if change == "knows":
                    shade = images.mean((2, 3))
                    logits = 0.001 * logits + 5 * torch.stack([shade[:, 1] - shade[:, 0], shade[:, 0] - shade[:, 1]], 1)
                if change == "overflows":
                    logits = logits / (logits - logits)
                return logits[:, :1] if change == "narrow" else logits

        return Small()

    return build


_moods = itertools.count()


@fa.hookimpl
def flowerablate_register_model(register):
    for name in (
        "sound",
        "dead branch",
        "mixes",
        "blind",
        "loud",
        "moody",
        "knows",
        "breaks",
        "narrow",
        "bare",
        "overflows",
    ):
        register(fa.ModelSpec(name.replace(" ", "-"), f"{name}.", module(name)))


def cross_entropy(factor, reduction):
    def build(context):
        from torch.nn import functional

        return lambda logits, targets: factor * functional.cross_entropy(logits, targets, reduction=reduction)

    return build


@fa.hookimpl
def flowerablate_register_loss(register):
    register(fa.LossSpec("summed", "Adds up.", cross_entropy(1.0, "sum")))
    register(fa.LossSpec("tiny", "Much too small.", cross_entropy(1e-4, "mean")))


@fa.hookimpl
def flowerablate_register_step(register):
    def white(context):
        return fa.PythonOp(lambda batch, draws: np.full_like(batch, 255))

    register(fa.StepSpec("paint", "Paints it white.", white))


@fa.hookimpl
def flowerablate_register_dataset(register):
    def mislabelled(context, path):
        """Give the images labels that have nothing to do with what they show."""
        paths = sorted((context.root / path).glob("*/*.png"))
        labels = tuple(int(place % 4 in (1, 2)) for place in range(len(paths)))
        return fa.Samples(("green", "red"), tuple(f"{p.parent.name}/{p.name}" for p in paths), tuple(paths), labels)

    register(fa.DatasetSpec("mislabelled", "Wrong labels.", mislabelled, (fa.Param("path", "images", "Folder."),)))
