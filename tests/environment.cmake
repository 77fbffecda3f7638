# SPDX-License-Identifier: GPL-2.0-or-later
# Read by ctest before it starts tests: they compare English sentences, whatever the user speaks.
set(ENV{LC_ALL} C.UTF-8)
unset(ENV{LANGUAGE})
