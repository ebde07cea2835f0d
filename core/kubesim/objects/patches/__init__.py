"""The three kinds of patch as pure functions: JSON merge patch, JSON patch, strategic merge patch.

None of them changes its arguments; what a patch does not touch is shared with the result by identity. A patch that
cannot be applied raises the ApiError that the API server answers with.
"""

from kubesim.objects.patches.jsonpatch import json_patch
from kubesim.objects.patches.merge import merge_patch
from kubesim.objects.patches.printed import go_value
from kubesim.objects.patches.strategic import MergeField, MergeType, strategic_patch

__all__ = ["MergeField", "MergeType", "go_value", "json_patch", "merge_patch", "strategic_patch"]
