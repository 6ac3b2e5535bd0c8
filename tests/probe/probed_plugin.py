"""Components whose differences are known: the local plugin of the studies that are probed."""

import numpy as np

import flowerablate as fa


def python(function):
    return lambda context, **params: fa.PythonOp(lambda batch, draws: function(batch, draws, **params))


def shift(batch, draws, by):
    return np.clip(batch.astype(np.int16) + by, 0, 255).astype(np.uint8)


def rarely(batch, draws, fraction):
    batch[draws.uniform(1)[:, 0] < fraction] = 0
    return batch


@fa.hookimpl
def flowerablate_register_step(register):
    by = fa.Param("by", 3, "levels", -255, 255)
    register(fa.StepSpec("shift", "Adds.", python(shift), (by,)))
    register(fa.StepSpec("negative", "Negates.", python(lambda batch, draws: 255 - batch)))
    register(fa.StepSpec("paint", "Paints it white.", python(lambda batch, draws: np.full_like(batch, 255))))
    fraction = fa.Param("fraction", 0.05, "fraction", 0.0, 1.0)
    register(fa.StepSpec("rarely", "Blackens some.", python(rarely), (fraction,), random=True))


@fa.hookimpl
def flowerablate_register_scheduler(register):
    def absolute(context):
        from torch.optim.lr_scheduler import LRScheduler

        class Absolute(LRScheduler):
            def get_lr(self):
                return [0.01 for _ in self.optimizer.param_groups]

        return Absolute(context.optimizer)

    register(fa.SchedulerSpec("absolute", "Takes no rate but its own.", absolute))


@fa.hookimpl
def flowerablate_register_model(register):
    def build(context, idle, detached, dropout, fails):
        import torch
        from torch import nn

        class Flat(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Linear(context.channels * context.image_size**2, 32)
                self.drop = nn.Dropout(dropout)
                self.last = nn.Linear(32, context.classes)

            def forward(self, images):
                if fails:
                    raise RuntimeError("it cannot")
                hidden = self.drop(torch.relu(self.first(images.flatten(1))))
                return self.last(hidden.detach() if detached else hidden)

        return Flat()

    switches = [fa.Param(name, True, name, off=False) for name in ("idle", "detached")]
    dropout = fa.Param("dropout", 0.2, "Fraction that is dropped.", 0.0, 0.9, off=0.0)
    register(fa.ModelSpec("flat", "Two layers.", build, (*switches, dropout, fa.Param("fails", False, "Fails."))))


@fa.hookimpl(specname="flowerablate_register_model")
def register_model_with_a_late_start(register):
    def build(context, bent, capped):
        import torch
        from torch import nn

        class Late(nn.Module):
            """Its branch adds nothing at first, and no gradient reaches it: two layers in a row begin at zero."""

            def __init__(self):
                super().__init__()
                self.first = nn.Conv2d(context.channels, 8, 3, bias=False)
                self.norm = nn.BatchNorm2d(8)
                self.branch = nn.Conv2d(8, 8, 1)
                self.out = nn.Conv2d(8, 8, 1)
                self.scale = nn.Parameter(torch.zeros(8, 1, 1))
                self.last = nn.Linear(8, context.classes)
                nn.init.zeros_(self.out.weight)
                nn.init.zeros_(self.out.bias)

            def forward(self, images):
                hidden = self.norm(self.first(images)).clamp(-1e9, 6.0 if capped else 1e9)
                added = self.branch(hidden)
                added = self.out(torch.tanh(added) if bent else added)
                return self.last((hidden + self.scale * added).mean((2, 3)))

        return Late()

    switches = [fa.Param(name, True, name, off=False) for name in ("bent", "capped")]
    register(fa.ModelSpec("late", "Has a branch that begins at zero.", build, tuple(switches)))


ERRORS = {
    "RuntimeError": RuntimeError,
    "StudyError": fa.StudyError,
    "SystemExit": SystemExit,
    "KeyboardInterrupt": KeyboardInterrupt,
}
ERROR = fa.Param("error", "RuntimeError", "what is raised", choices=tuple(ERRORS))


@fa.hookimpl
def flowerablate_register(register):
    def fail(error):
        raise ERRORS[error]("made up")

    def build_loss(context, error):
        return lambda logits, targets: fail(error)

    register(fa.SamplerSpec("raising", "Fails when it is built.", lambda context, error: fail(error), (ERROR,)))
    register(fa.LossSpec("raising", "Fails when it is used.", build_loss, (ERROR,)))
