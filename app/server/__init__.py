"""What stands around every request: headers, limits, room on the disk, the folder of uploads, a log without visitors in it."""
