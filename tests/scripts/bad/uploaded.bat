@echo off
reg add HKLM\X /v a
pause
