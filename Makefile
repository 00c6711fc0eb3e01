# SPDX-License-Identifier: GPL-2.0-or-later
#
# make            build all that this machine has libraries for
# make check      unit tests; scripts/check runs everything
# make install    DESTDIR= PREFIX=; other places: scripts/install.mk
# V=1 shows the commands, SAN=asan|tsan|fuzz instruments, BUILD=dir builds elsewhere.

VERSION := 2.0.0
PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
LIBDIR ?= $(PREFIX)/lib
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/tgt
SYSCONFDIR ?= $(if $(filter /usr,$(PREFIX)),/etc,$(PREFIX)/etc)
BUILD ?= build$(if $(SAN),-$(SAN))

include scripts/build.mk
