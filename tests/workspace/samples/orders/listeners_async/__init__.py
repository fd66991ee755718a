from listeners_async import actions, commands, events, messages, options, shortcuts, views


def register_listeners(app):
    for module in (actions, commands, messages, options, shortcuts, views, events):  # the first that matches is run
        module.register(app)
