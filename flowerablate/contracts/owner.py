"""Which plugin provides a component; these records are stored in JSON unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

OWN_DISTRIBUTION = "flowerablate"
"""The distribution of our own plugins; its version identifies their source."""


@dataclass(frozen=True)
class Owner:
    """Which plugin provides a component, with the plugin's distribution and version.

    *digest* hashes the source of a third-party plugin, which may change while its version stays the same.
    """

    plugin: str
    distribution: str
    version: str
    digest: str = ""

    @property
    def source(self) -> str:
        """Distribution, version and the first 12 digits of the digest; unknown parts are left out."""
        return " ".join(fact for fact in (self.distribution, self.version, self.digest[:12]) if fact)

    @property
    def is_ours(self) -> bool:
        """Whether the plugin comes with flowerablate."""
        return self.distribution == OWN_DISTRIBUTION

    def __str__(self) -> str:
        return f"{self.plugin} ({self.source})"


@dataclass(frozen=True)
class OwnedComponent:
    """A component that was used: its *slot*, its *name* in it, and its *owner* at the time."""

    slot: str
    name: str
    owner: Owner


@dataclass(frozen=True)
class Fingerprint:
    """What enters a trial's id besides a component's settings: its *owner* and, by parameter, the hash of each file."""

    owner: Owner
    files: Mapping[str, str] = field(default_factory=dict)
