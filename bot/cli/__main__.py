"""`python -m bot.cli`, the same as `inhouse`."""

from bot.cli import main

main()
