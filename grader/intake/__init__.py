"""Read what was handed in: folders, archives, single files → submissions.

    intake = read(Path("submissions"), assignment=None, workdir=tmp, known_assignments=ids)

Nothing of a submission is run or believed here: links are not followed, archives are unpacked
within limits, and what cannot be read is reported and stops nobody else.
"""

from __future__ import annotations

from grader.intake.formats import FORMATS, Format
from grader.intake.limits import DEFAULT_LIMITS, Limits
from grader.intake.read import Intake, read

__all__ = ["DEFAULT_LIMITS", "FORMATS", "Format", "Intake", "Limits", "read"]
