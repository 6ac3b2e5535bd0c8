"""The note on trials that ran in different environments, such as with another version of torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..contracts import OwnedComponent, TrialOutcome, finished, slots


def environment_notes(results: Sequence[TrialOutcome]) -> Iterator[str]:
    """Yield a note on differences of the environment between trials, such as the version of torch.

    Different plugins in different variants are not a difference of the environment; two versions of one plugin are.
    What a result does not record counts as equal.
    """
    done = finished(results)
    values: dict[str, set[str]] = {}
    for name, value in {item for result in done for item in result.environment.items()}:
        values.setdefault(name, set()).add(value)
    # Trials have most records in common, which are hashed slowly: each is looked at once.
    for name, value in _owners({id(owned): owned for result in done for owned in result.owners}.values()):
        values.setdefault(name, set()).add(value)
    mixed = [f"{name} {' / '.join(sorted(found))}" for name, found in sorted(values.items()) if len(found) > 1]
    if mixed:
        yield f"Not all trials ran in the same environment: {'; '.join(mixed)}."


def _owners(owners: Iterable[OwnedComponent]) -> Iterator[tuple[str, str]]:
    """Yield what must be the same in all trials: the plugins of the pipeline, and who brought metrics and measures.

    The version of flowerablate's own plugins is left out, because it is in the environment.
    """
    of_pipeline = slots(in_pipeline=True)
    for owned in owners:
        owner = owned.owner
        if owned.slot not in of_pipeline:
            yield f"{owned.slot} {owned.name}", owner.plugin if owner.is_ours else str(owner)
        elif not owner.is_ours:
            yield f"plugin {owner.plugin}", owner.source
