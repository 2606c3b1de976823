"""The voice gate in loud rooms: does it close when nobody speaks, and does it let all speech through?"""
