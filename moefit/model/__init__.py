"""A model as a planner sees it: layers, and every tensor's role.

`build` turns a header into a `Model`; `sidecar` weighs files that go beside a model (mmproj, LoRA, control vector).
"""

from moefit.model.build import build
from moefit.model.hyperparameters import Hyperparameters
from moefit.model.missing import MissingError
from moefit.model.sidecar import Sidecar, SidecarKind, sidecar
from moefit.model.types import Layer, Model, Role, Tensor

__all__ = [
    "Hyperparameters",
    "Layer",
    "MissingError",
    "Model",
    "Role",
    "Sidecar",
    "SidecarKind",
    "Tensor",
    "build",
    "sidecar",
]
