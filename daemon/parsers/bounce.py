def recognise(opened, message):
    return None
