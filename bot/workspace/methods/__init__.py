"""The Web API's methods, one file per family; importing them fills ``registry.METHODS``."""
