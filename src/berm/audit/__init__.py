"""The attacks, shipped: ``berm audit`` runs them on the user's own machine.

``attack`` reads one file an attack; ``props`` stages on the host what it goes for;
``leftovers`` sees what a run left behind; ``verdict`` judges; ``runner`` does all of it over an
:class:`berm.Engine`; ``ablation`` switches layers off; ``report`` prints.
"""
