"""Who brought a component: records that are kept in JSON as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

OWN_DISTRIBUTION = "flowerablate"
"""What our own plugins come with; its version is enough to tell their source."""


@dataclass(frozen=True, order=True)
class Owner:
    """Who brought a component: the plugin, its distribution and version.

    *digest* hashes the source of a plugin that is not our own, which may change without its version.
    """

    plugin: str
    distribution: str
    version: str
    digest: str = ""

    @property
    def source(self) -> str:
        """Distribution, version and the first 12 digits of the digest, as far as they are known."""
        return " ".join(fact for fact in (self.distribution, self.version, self.digest[:12]) if fact)

    @property
    def is_ours(self) -> bool:
        """Whether the plugin comes with flowerablate."""
        return self.distribution == OWN_DISTRIBUTION

    def __str__(self) -> str:
        return f"{self.plugin} ({self.source})"


@dataclass(frozen=True, order=True)
class OwnedComponent:
    """A component that something was made with: its *slot*, its *name* there, and its *owner* at the time."""

    slot: str
    name: str
    owner: Owner


@dataclass(frozen=True)
class Fingerprint:
    """What enters a trial's id besides a component's settings: its *owner*, and the hash of each file, by parameter."""

    owner: Owner
    files: Mapping[str, str] = field(default_factory=dict)
