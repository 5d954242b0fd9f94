"""``autocontourrt models``: what models there are; take in, give away, delete."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from AutoContourRTCore.cli.common_options import common_options
from AutoContourRTCore.cli.outputs import refuse_existing
from AutoContourRTCore.cli.terminal import Console


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser = commands.add_parser(
        "models", parents=[common], help="list, import, export and delete models",
        description="Without an action: list. Set AUTOCONTOURRT_MODELS to use another folder.",
    )
    parser.set_defaults(run=_list)
    actions = parser.add_subparsers(metavar="ACTION")
    again = [common_options(again=True)]
    listing = actions.add_parser("list", parents=again, help="all models at hand")
    listing.set_defaults(run=_list)
    taking = actions.add_parser("import", parents=again, help="take a model in")
    taking.add_argument("path", type=Path, metavar="PATH",
                        help="model folder, or .zip that `export` wrote")
    taking.set_defaults(run=_import)
    giving = actions.add_parser("export", parents=again, help="write a model to a .zip")
    giving.add_argument("id", metavar="ID", help="of the model, as `autocontourrt models` lists it")
    giving.add_argument("zip", type=Path, metavar="FILE.zip", help="where to write it")
    giving.add_argument("--force", action="store_true", help="replace an earlier file")
    giving.set_defaults(run=_export)
    deleting = actions.add_parser("delete", parents=again, help="delete an imported model")
    deleting.add_argument("id", metavar="ID", help="of an imported model; those that came along "
                          "cannot be deleted")
    deleting.set_defaults(run=_delete)


def _list(options: argparse.Namespace, screen: Console) -> int:
    from AutoContourRTCore.models.store import ModelStore

    store = ModelStore()
    manifests = store.list()
    for manifest in manifests:
        origin = "shipped" if store.is_shipped(manifest.id) else "imported"
        screen.say(f"{manifest.id} {manifest.version} ({origin}): {manifest.name}")
        screen.say(f"    structures: {', '.join(manifest.structures)}")
        screen.say(f"    covers: {manifest.anatomy}")
        screen.say(f"    licence: {manifest.licence}")
    if not manifests:
        screen.say("There are no models; take one in with: autocontourrt models import PATH")
    for folder, reason in store.broken().items():
        screen.note(f"Warning: {folder} cannot be used: {reason}")
    screen.done({"models": [manifest.id for manifest in manifests]})
    return 0


def _import(options: argparse.Namespace, screen: Console) -> int:
    from AutoContourRTCore.models.store import ModelStore

    manifest = ModelStore().import_model(options.path)
    screen.say(f"Imported: {manifest.id} {manifest.version}")
    screen.done({"id": manifest.id, "version": manifest.version})
    return 0


def _export(options: argparse.Namespace, screen: Console) -> int:
    from AutoContourRTCore.models.store import ModelStore

    refuse_existing(options.zip, options.force)
    ModelStore().export_model(options.id, options.zip)
    screen.say(f"Written: {options.zip}")
    screen.done({"output": str(options.zip)})
    return 0


def _delete(options: argparse.Namespace, screen: Console) -> int:
    from AutoContourRTCore.models.store import ModelStore

    ModelStore().delete(options.id)
    screen.say(f"Deleted: {options.id}")
    screen.done({"id": options.id})
    return 0
