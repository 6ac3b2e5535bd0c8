"""Jobs: work that runs in a process of its own, how far it is, what became of it, and the schedule of many.

Nothing here knows what a trial is. A :class:`~flowerablate.contracts.Job` names a function of flowerablate; executors
call :func:`.worker.work` for it, and :class:`.schedule.Schedule` starts, watches and stops the jobs.
"""
