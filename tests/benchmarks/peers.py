def install(b): pass
def measure(b): pass
