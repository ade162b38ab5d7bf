"""A model as a planner sees it: layers, and every tensor's role.

`build` turns a header into a `Model`; `sidecar` weighs files that go beside a model (mmproj, LoRA, control vector).
"""

from moefit.model.build import build
from moefit.model.sidecar import Sidecar, SidecarKind, sidecar
from moefit.model.types import Layer, Model, Role, Tensor

__all__ = ["Layer", "Model", "Role", "Sidecar", "SidecarKind", "Tensor", "build", "sidecar"]
