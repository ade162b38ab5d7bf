"""`moefit plan --json`, version 1. Keys are only ever added."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from moefit.cost import Prediction
from moefit.errors import Warn
from moefit.formats import reasons
from moefit.formats.lacking import amounts, shortfalls
from moefit.machine.file import to_json
from moefit.memory.host import PROCESS
from moefit.model import Model
from moefit.planning.types import Alternative, DevicePlan, LayerPlan, Plan
from moefit.search.candidate import Candidate

VERSION = 1


def plan_json(plan: Plan) -> str:
    """The whole plan as one JSON document, a newline at its end."""
    document = {
        "version": VERSION,
        "fits": plan.fits,
        "strategy": plan.strategy if plan.fits else None,
        "model": model_object(plan.model),
        "machine": to_json(plan.machine),
        "argv": list(plan.argv) if plan.fits else None,
        "environment": dict(plan.environment),
        "kept": [_reason(r) for r in reasons.kept(plan)],
        "added": [{"option": a.option, "value": a.value, "why": a.why} for a in plan.added],
        "dropped": [_reason(r) for r in reasons.dropped(plan)],
        **usage(plan),
        "layers": [_layer(layer) for layer in plan.layers],
        "launch": launch_object(plan),
        "predicted": predicted_object(plan.prediction),
        "candidates": [_candidate(c) for c in plan.candidates],
        "helps": [
            {
                "kind": h.kind,
                "what": h.what,
                "words": h.words,
                "seconds": round(h.seconds, 3),
                "about": h.about,
            }
            for h in plan.helps
        ],
        "lacking": None if plan.fits else _lacking(plan),
        "alternatives": [_alternative(a) for a in plan.alternatives],
        "warnings": [warning_object(w) for w in plan.warnings],
    }
    return json.dumps(document, indent=2) + "\n"


def estimate_json(plan: Plan) -> str:
    """`moefit estimate --json`: the same shapes, for a line as given."""
    document = {
        "version": VERSION,
        "fits": plan.fits,
        "model": model_object(plan.model),
        "machine": to_json(plan.machine),
        "argv": list(plan.argv),
        **usage(plan),
        "launch": launch_object(plan),
        "predicted": predicted_object(plan.prediction),
        "warnings": [warning_object(w) for w in plan.warnings],
    }
    return json.dumps(document, indent=2) + "\n"


def _lacking(plan: Plan) -> dict[str, Any]:
    """Bytes that are missing, those that would do where they were worked out, and the largest file that would fit in the place of this one (0: none)."""
    return {
        "places": shortfalls(plan),
        "bytes": plan.shortfall,
        "enough": amounts(plan) if plan.enough else None,
        "largest_file": plan.largest_file,
    }


def _alternative(alternative: Alternative) -> dict[str, Any]:
    """What would run if the user allowed one thing more."""
    plan = alternative.plan
    return {
        "allow": alternative.words,
        "why": alternative.why,
        "strategy": plan.strategy,
        "argv": list(plan.argv),
        "environment": dict(plan.environment),
        "launch": launch_object(plan),
        "predicted": predicted_object(plan.prediction),
    }


def warning_object(warning: Warn) -> dict[str, Any]:
    """One of `warnings`."""
    return {"code": warning.code, "message": warning.message, "hint": warning.hint}


def model_object(model: Model) -> dict[str, Any]:
    """The `model` key."""
    return {
        "path": model.path,
        "architecture": model.architecture,
        "name": model.name,
        "layers": len(model.layers),
        "experts": model.experts,
        "experts_used": model.experts_used,
        "bytes": model.bytes,
        "expert_bytes": model.expert_bytes,
        "shards": list(model.shards),
    }


def usage(plan: Plan) -> dict[str, Any]:
    """The keys `devices`, `host` and `extras`."""
    host = plan.host
    return {
        "devices": [
            {**_device(device), "moe_cache": plan.moe_cache.devices[index] if plan.moe_cache else 0}
            for index, device in enumerate(plan.devices)
        ],
        "host": {
            "model": host.model,
            "context": host.context,
            "compute": host.compute + host.output,
            "cache": host.cache,
            "lazy": host.lazy,
            "program": PROCESS,
            "left": plan.host_left,
        },
        "extras": [
            {"kind": e.kind, "device": e.device, "model": e.model, "context": e.context, "compute": e.compute}
            for e in plan.guests
        ],
    }


def launch_object(plan: Plan) -> dict[str, Any]:
    """The key `launch`."""
    launch = plan.settings
    return {
        "context": launch.context,
        "ubatch": launch.ubatch,
        "batch": launch.batch,
        "slots": launch.slots,
        "load_mode": launch.load_mode,
        "moe_cache": launch.moe_cache,
        "threads": launch.threads,
        "flash_attention": launch.flash_attention,
        "cache_type_k": launch.cache_type_k,
        "cache_type_v": launch.cache_type_v,
    }


def predicted_object(p: Prediction) -> dict[str, Any]:
    """The key `predicted`."""
    return {
        "prefill_tokens_per_second": round(p.prefill_tokens_per_second, 2),
        "decode_tokens_per_second": round(p.decode_tokens_per_second, 2),
        "prompt_tokens": p.prompt_tokens,
        "generated_tokens": p.generated_tokens,
        "seconds": round(p.seconds, 3),
        "confidence": p.confidence,
        **_range("prefill_tokens_per_second", p.prefill_range, 2),
        **_range("decode_tokens_per_second", p.decode_range, 2),
        **_range("seconds", p.seconds_range, 3),
        "assumed": list(p.doubt.assumed),
        "ready_seconds": round(p.ready[0], 1),
        "ready_seconds_from_disk": round(p.ready[1], 1),
        **_hits(p),
    }


def _hits(p: Prediction) -> dict[str, float]:
    """What is taken of an expert cache's hits, and what they are with uniform routing."""
    rate = p.hit_rate
    if rate is None:
        return {}
    return {
        "hit_rate": round(rate.likely, 3),
        "hit_rate_low": round(rate.least, 3),
        "hit_rate_high": round(rate.most, 3),
    }


def _range(key: str, ends: tuple[float, float], digits: int) -> dict[str, float]:
    """Both ends of a range, as KEY_low and KEY_high."""
    return {f"{key}_low": round(ends[0], digits), f"{key}_high": round(ends[1], digits)}


def _device(plan: DevicePlan) -> dict[str, Any]:
    """A device; the guests of the line are included in its sums."""
    guests: Sequence[Any] = plan.guests
    return {
        "name": plan.device.name,
        "buffer": plan.device.buffer_name,
        "free": plan.budget.free,
        "model": plan.use.model + sum(e.model for e in guests),
        "context": plan.use.context + sum(e.context for e in guests),
        "compute": plan.use.compute + sum(e.compute for e in guests),
        "overhead": plan.budget.overhead,
        "reserve": plan.budget.reserved,
        "left": plan.left,
        "layers": list(plan.layers),
        "expert_layers": list(plan.expert_layers),
    }


def _layer(layer: LayerPlan) -> dict[str, Any]:
    experts = layer.experts
    return {
        "index": layer.index,
        "device": layer.device,
        "experts": dict(experts) if experts is not None and not isinstance(experts, str) else experts,
        "why": layer.why,
        "elsewhere": dict(layer.elsewhere),
    }


def _reason(reason: reasons.Reason) -> dict[str, Any]:
    return {"option": reason.option, "value": reason.value, "why": reason.why}


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "strategy": candidate.strategy,
        "devices": [device.name for device in candidate.settled.devices],
        "ubatch": candidate.settings.ubatch,
        "load_mode": candidate.settings.load_mode,
        "fits": candidate.fits,
        "seconds": round(candidate.prediction.seconds, 3),
        "shortfall": candidate.shortfall,
    }
