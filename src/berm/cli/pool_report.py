"""The part of ``berm doctor`` about cells that wait: what is allowed, and what a service has of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from berm.cell.demand import REMEMBERED
from berm.cell.pool import RECYCLE_AFTER, RECYCLE_AGE
from berm.cli.top import Look
from berm.model import MIB

if TYPE_CHECKING:
    from rich.console import Console

    from berm.config import Config


def allowed(config: Config) -> Mapping[str, int]:
    """Return what the settings allow."""
    bounds = config.pool_bounds
    return {
        "floor": bounds.floor,
        "ceiling": bounds.ceiling,
        "memory_mib": bounds.budget // MIB,
        "runs_at_a_time": config.concurrency,
        "parked_mib": config.parked_mib,
        "cache_mib": config.cache_mib,
    }


def of_service(url: str, look: Look) -> dict[str, Any]:
    """Return what a service says of its pools, of the runtimes that wait, and of its compile cache."""

    def count(name: str, **labels: str) -> int:
        return int(look.total(name, **labels))

    return {
        "url": url,
        "pools": [
            {
                "profile": labels["profile"],
                "parked": int(parked),
                "hits": count("berm_pool_taken_total", profile=labels["profile"], how="parked"),
                "misses": count("berm_pool_taken_total", profile=labels["profile"], how="cold"),
                "age_seconds": round(look.total("berm_pool_age_seconds", **labels), 1),
                "recycled": count("berm_pool_recycled_total", profile=labels["profile"]),
            }
            for labels, parked in look.rows("berm_pool_parked")
        ],
        "waiting_runtimes": {
            "waiting": count("berm_parking_waiting"),
            "mib": count("berm_parking_bytes") // MIB,
            "hits": count("berm_parking_taken_total", how="waiting"),
            "misses": count("berm_parking_taken_total", how="cold"),
            "failed": count("berm_parking_failed_total"),
        },
        "compile_cache": {
            "entries": count("berm_compile_cache_entries"),
            "mib": round(look.total("berm_compile_cache_bytes") / MIB, 1),
            "hits": count("berm_compile_cache_total", how="hit"),
            "joined": count("berm_compile_cache_total", how="joined"),
            "misses": count("berm_compile_cache_total", how="miss"),
            "evicted": count("berm_compile_cache_evicted_total"),
        },
    }


def show(console: Console, pool: Mapping[str, int], service: Mapping[str, Any] | None) -> None:
    """Print both."""
    from rich.markup import escape  # noqa: PLC0415 - see berm.cli
    from rich.table import Table  # noqa: PLC0415

    console.print(
        f"\ncells kept parked for each runtime in use: {pool['floor']} to {pool['ceiling']}, all"
        f" together at most {pool['memory_mib']} MiB, none after {REMEMBERED / 60:.0f} minutes"
        f" without a run; {pool['runs_at_a_time']} programs run at a time; fork servers are replaced"
        f" after {RECYCLE_AFTER:,} cells or {RECYCLE_AGE / 60:.0f} minutes"
    )
    if service is None:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(f"\npool of {escape(str(service['url']))}")
    for head in ("parked", "hits", "misses", "age", "replaced"):
        table.add_column(f"\n{head}", justify="right")
    for row in service["pools"]:
        numbers = (row["parked"], row["hits"], row["misses"])
        age = f"{row['age_seconds'] / 60:.0f} min"
        table.add_row(row["profile"], *map(str, numbers), age, str(row["recycled"]))
    console.print(table)
    waiting, cache = service["waiting_runtimes"], service["compile_cache"]
    console.print(
        f"waiting runtimes: {waiting['waiting']} ({waiting['mib']} MiB), {waiting['hits']} hits,"
        f" {waiting['misses']} misses, {waiting['failed']} failed; compile cache:"
        f" {cache['entries']} entries ({cache['mib']} MiB), {cache['hits']} hits,"
        f" {cache['joined']} joined, {cache['misses']} misses, {cache['evicted']} evicted"
    )
