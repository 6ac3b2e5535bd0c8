import pytest
import torch
from torch import nn

from flowerablate.train.groups import optimizer_steps, parameter_groups


def net() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))


def test_without_groups_the_trainable_tensors_are_a_plain_list() -> None:
    model = net()
    model[1].weight.requires_grad_(False)
    given = parameter_groups(model.parameters())
    assert [id(tensor) for tensor in given] == [id(p) for p in model.parameters() if p is not model[1].weight]


def test_norms_and_biases_are_a_group_that_does_not_decay() -> None:
    model = net()
    optimizer = torch.optim.SGD(parameter_groups(model.parameters(), "weights"), lr=0.5, weight_decay=0.1)
    decays = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert {name: decays[id(tensor)] for name, tensor in model.named_parameters()} == {
        "0.weight": 0.1,
        "0.bias": 0.0,
        "1.weight": 0.0,
        "1.bias": 0.0,
        "3.weight": 0.1,
        "3.bias": 0.0,
    }
    before = {name: tensor.detach().clone() for name, tensor in model.named_parameters()}
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    for name, tensor in model.named_parameters():
        assert torch.allclose(tensor, before[name] * (0.95 if tensor.ndim > 1 else 1.0)), name


def test_a_group_without_tensors_is_left_out() -> None:
    assert len(parameter_groups(nn.Linear(2, 2, bias=False).parameters(), "weights")) == 1


@pytest.mark.parametrize(("batches", "accumulate", "steps"), [(10, 1, 10), (10, 4, 3), (8, 4, 2), (3, 8, 1), (0, 2, 0)])
def test_the_last_step_takes_what_batches_are_left(batches: int, accumulate: int, steps: int) -> None:
    assert optimizer_steps(batches, accumulate) == steps
