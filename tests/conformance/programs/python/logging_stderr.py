import logging

logging.basicConfig(format="%(levelname)s:%(name)s:%(message)s", level=logging.INFO)
log = logging.getLogger("app")
log.debug("hidden")
log.info("shown %d", 7)
try:
    [].pop()
except IndexError:
    log.exception("caught")
