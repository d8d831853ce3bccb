"""The commands of ``vitrine``, one a file: each reads its options, asks the core, shows what came back."""
