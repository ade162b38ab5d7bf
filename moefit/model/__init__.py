"""A model as a planner sees it: layers, and every tensor's role.

`build` turns a header into a `Model`; `file_kind` tells files that are no model (mmproj, LoRA, control vector).
"""

from moefit.model.build import build
from moefit.model.file_kind import FileKind, file_kind
from moefit.model.hyperparameters import Hyperparameters
from moefit.model.missing import MissingError
from moefit.model.types import Layer, Model, Role, Tensor

__all__ = [
    "FileKind",
    "Hyperparameters",
    "Layer",
    "MissingError",
    "Model",
    "Role",
    "Tensor",
    "build",
    "file_kind",
]
