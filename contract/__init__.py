"""What the services agree on: data, names, and the changes of state that they share in Redis.

    audio, websocket  format of the audio; sub-protocols and close codes
    queues, keys      tasks, queues, channels; every key in Redis; ids
    messages          to clients; examples.json has one of each
    jobs, events      from service to service: task arguments; what goes over Redis channels and streams
    speech            what is being spoken: where it is cut, what is asked meanwhile, which language counts as known
    settings          what must have one value for all; upload_settings: of uploaded files
    text              sentences and words of a text, in all scripts
    state             the one way an utterance ends, uploaded files, what was given up

Nothing here imports a service or runtime, so every image can carry this folder.
"""
