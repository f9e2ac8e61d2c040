"""The passes of Numba that generated code needs.

Generated code is plain: one type a name, no closures, no array expressions, no branches on
constants. What Numba does for such things takes a third of the time to compile.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, misc"
from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from llvmlite.binding import Linkage
from numba.core import analysis, ir, lowering
from numba.core.analysis import compute_use_defs, must_use_alloca
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.typed_passes import (
    AnnotateTypes,
    BaseNativeLowering,
    IRLegalization,
    NoPythonBackend,
    NopythonTypeInference,
    PreLowerStripPhis,
)
from numba.core.untyped_passes import (
    FixupArgs,
    GenericRewrites,
    IRProcessing,
    TranslateByteCode,
)


class _Lower(lowering.Lower):
    """Numba's lowering, with one search in time linear in the code where it takes the square."""

    def _find_singly_assigned_variable(self) -> None:
        blocks = self.func_ir.blocks
        found = compute_use_defs(blocks)
        shared = must_use_alloca(blocks)
        for used in found.usemap.values():  # names that a block reads from another one
            shared |= used
        places: Counter[str] = Counter()
        for block in self.blocks.values():
            places.update(s.target.name for s in block.body if isinstance(s, ir.Assign))
        self._singly_assigned_vars = {
            name for name, n in places.items() if n == 1 and name not in shared
        }
        self._blk_local_varmap: dict[Any, Any] = {}


@register_pass(mutates_CFG=True, analysis_only=False)
class _Inference(NopythonTypeInference):
    """Numba's inference, which finds the type of an operation on the same types once."""

    _name = "astragal_inference"

    def run_pass(self, state: Any) -> Any:
        context = state.typingctx
        resolve = context.resolve_function_type  # of a caller's inference, where it waits for this
        known: dict[Any, Any] = {}

        def once(function: Any, args: Any, kws: Any) -> Any:
            # Static indices, slices among them, cannot be looked up.
            if kws or isinstance(function, str):
                return resolve(function, args, kws)
            found = known.get((function, args))
            if found is None:
                found = known[function, args] = resolve(function, args, kws)
            return found

        kept = vars(context).get("resolve_function_type")
        context.resolve_function_type = once
        try:
            return bool(super().run_pass(state))
        finally:
            if kept is None:
                del context.resolve_function_type
            else:
                context.resolve_function_type = kept


class _Library(JITCodeLibrary):
    """Machine code that calls its own copies of the helpers that were linked in.

    Elsewhere the linker may take another program's copy, optimised with other callers: sums that
    may be re-associated would then be rounded as what a process has compiled before has it.
    """

    def _optimize_final_module(self) -> None:
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage == Linkage.linkonce_odr:
                function.linkage = Linkage.internal
        super()._optimize_final_module()


@register_pass(mutates_CFG=True, analysis_only=False)
class _Lowering(BaseNativeLowering):
    _name = "astragal_lowering"  # type: ignore[assignment, unused-ignore]

    def run_pass(self, state: Any) -> Any:
        if state.library is None:  # as Numba makes one, which is kept on disk
            state.library = _Library(state.targetctx.codegen(), state.func_id.func_qualname)
            state.library.enable_object_caching()
        return super().run_pass(state)

    @property
    def lowering_class(self) -> Any:
        return _Lower


PASSES = (
    TranslateByteCode,
    FixupArgs,
    IRProcessing,
    GenericRewrites,
    _Inference,
    PreLowerStripPhis,
    IRLegalization,
    AnnotateTypes,
    _Lowering,
    NoPythonBackend,
)


def live_map(
    cfg: Any,
    blocks: Mapping[int, Any],
    used: Mapping[int, set[str]],
    defined: Mapping[int, set[str]],
) -> dict[int, set[str]]:
    """Find the names that are alive at the entry of each block.

    What `numba.core.analysis.compute_live_map` gives, which takes the square of the code's length:
    here sets of names are bits of an integer, and names that no other block reads are left out.
    """
    names = sorted(set().union(*used.values()))
    bits = {name: 1 << i for i, name in enumerate(names)}

    def mask(some: Collection[str]) -> int:
        return sum(bits[n] for n in some if n in bits)

    order = sorted(blocks)
    own = {b: mask(defined[b]) for b in order}
    live = {b: mask(used[b]) for b in order}
    # What may have a value at the end of a block.
    reached = {b: own[b] | live[b] for b in order}
    _spread(order, reached, lambda b: [s for s, _ in cfg.successors(b)], lambda _, m: m)
    _spread(
        order[::-1],
        live,
        lambda b: [p for p, _ in cfg.predecessors(b)],
        lambda p, m: m & reached[p] & ~own[p],
    )
    return {b: _names_in(live[b], names) for b in blocks}


def _spread(order: list[int], masks: dict[int, int], to: Any, passed: Any) -> None:
    """Hand masks on from block to block until nothing changes."""
    neighbours = {b: to(b) for b in order}
    changed = True
    while changed:
        changed = False
        for b in order:
            for n in neighbours[b]:
                new = masks[n] | passed(n, masks[b])
                if new != masks[n]:
                    masks[n] = new
                    changed = True


def _names_in(mask: int, names: list[str]) -> set[str]:
    digits = bin(mask)[:1:-1]
    found = set()
    at = digits.find("1")
    while at >= 0:
        found.add(names[at])
        at = digits.find("1", at + 1)
    return found


class Pipeline(CompilerBase):
    """Compiler of generated functions, for ``njit(pipeline_class=...)``."""

    def _compile_core(self) -> Any:
        # Numba compiles under a lock of its own, and the result is the same for everybody.
        kept = analysis.compute_live_map
        analysis.compute_live_map = live_map
        try:
            return super()._compile_core()
        finally:
            analysis.compute_live_map = kept

    def define_pipelines(self) -> list[Any]:
        """Give the passes in order."""
        manager = PassManager("astragal")
        for p in PASSES:
            manager.add_pass(p, p.__name__)
        manager.finalize()
        return [manager]
