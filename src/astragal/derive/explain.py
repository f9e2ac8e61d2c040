"""Derivations for people: text, HTML and LaTeX."""

from __future__ import annotations

from astragal.derive.sampler import Sampler


def summary(s: Sampler) -> str:
    """Give one line a step: its law, its kind, the relations with their sources."""
    what = "independent draws" if s.exact else "one sweep"
    lines = [f"Sampler of {', '.join(s.latent_names)} given {', '.join(s.observed)} ({what})"]
    for i, step in enumerate(s.steps, 1):
        lines.append(f"  {i}. {step.conditional.text}")
        why = "; ".join(str(r) for r in step.relations)
        lines.append(f"     {step.kind}" + (f" by {why}" if why else ""))
    return "\n".join(lines)


def explain(s: Sampler) -> str:
    """Give the derivation as a proof, with what was tried and did not apply."""
    lines = [summary(s)]
    if s.rejected:
        lines.append("Tried, and not possible:")
        lines += [f"  {r}" for r in s.rejected]
    return "\n".join(lines)


def alternatives(s: Sampler) -> dict[str, tuple[str, ...]]:
    """List the kinds of step that could draw each variable."""
    return {n: tuple(k.kind for k in s.steps if n in k.targets) for n in s.latent_names}
