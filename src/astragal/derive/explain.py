"""Derivations for people, as text."""

from __future__ import annotations

from astragal.derive.sampler import Sampler


def _title(s: Sampler) -> str:
    data = f" given {', '.join(s.observed)}" if s.observed else ""
    what = "independent draws" if s.exact else "one sweep"
    return f"Sampler of {', '.join(s.latent_names)}{data} ({what})"


def summary(s: Sampler) -> str:
    """Give two lines a step: its law; its kind and the relations with their sources."""
    lines = [_title(s)]
    for i, step in enumerate(s.steps, 1):
        lines.append(f"  {i}. {step.conditional.text}")
        why = "; ".join(str(r) for r in step.relations)
        lines.append(f"     {step.kind}" + (f" by {why}" if why else ""))
    return "\n".join(lines)


def explain(s: Sampler) -> str:
    """Give the derivation as a proof: premises, relations with bindings, and conclusions."""
    lines = [_title(s)]
    for i, step in enumerate(s.steps, 1):
        lines.append(f"{i}. {step.name}, {step.kind}")
        lines += [f"     {p}" for p in step.conditional.premises]
        if s.exact and i < len(s.steps):
            later = ", ".join(n for other in s.steps[i:] for n in other.targets)
            lines.append(f"     with {later} integrated out")
        for r in step.relations:
            bindings = ", ".join(f"{letter} = {value}" for letter, value in r.bindings)
            lines.append(f"   by {r}" + (f", {bindings}" if bindings else ""))
        lines.append(f"   so {step.conditional.text}")
    if s.exact:
        lines.append("Checked: log joint = log evidence + log laws, at generic points.")
    elif any(step.kind == "gibbs" for step in s.steps):
        lines.append(
            "Checked: the log of each Gibbs law and the log joint density differ by a constant in "
            "its variables, at generic points."
        )
    if s.auxiliary:
        lines.append("Auxiliary variables were added, which leave the model's own law as it is:")
        lines += [f"   by {r}" for r in s.auxiliary]
    if s.compared:
        lines.append("Compared by the work that an effective draw is expected to take:")
        lines += [f"   {c}" for c in s.compared]
    if s.trials:
        lines.append("Pilot runs:")
        lines += [f"   {t}" for t in s.trials]
    if s.rejected:
        lines.append("Tried, and not taken:")
        lines += [f"   {r}" for r in s.rejected]
    return "\n".join(lines)
