from daemon.model import Automatic
def recognise(opened, message, own_addresses):
    return Automatic(is_automatic=False,is_list=False,may_answer=True,why="",own_mark=False)
