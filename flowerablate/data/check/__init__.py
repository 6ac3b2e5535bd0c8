"""Checks a data set before training: see :func:`check_data`."""

from .checks import check_data as check_data
from .cures import groups_of_copies as groups_of_copies
from .cures import images_to_exclude as images_to_exclude
from .records import SEVERITIES as SEVERITIES
from .records import ClassFacts as ClassFacts
from .records import DataReport as DataReport
from .records import Finding as Finding
from .records import Severity as Severity
