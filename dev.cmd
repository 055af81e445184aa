@rem The same as ./dev on Linux and macOS: run, test, build, bench.
@cd /d "%~dp0"
@cargo xtask %*
