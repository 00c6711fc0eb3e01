# SPDX-License-Identifier: GPL-2.0-or-later
#
# make install: programs, manual pages, documents, and what starts the daemon. Files of conf/ are
# written for /usr and /etc; another PREFIX is put into them here.

UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
# OpenRC's script only where there is OpenRC: elsewhere other init systems would take it for theirs.
WITH_OPENRC ?= $(if $(wildcard /sbin/openrc-run /usr/sbin/openrc-run),y)
OPENRCDIR ?= $(if $(filter /usr,$(PREFIX)),/etc,$(PREFIX)/etc)/init.d

# $(call put,MODE,FILE,TO)
put = sed 's,/usr/sbin/,$(SBINDIR)/,; s,/etc/tgt,$(SYSCONFDIR)/tgt,' $(2) | \
	install -m $(1) /dev/stdin $(DESTDIR)$(3)

.PHONY: install install-programs install-modules install-docs install-conf install-service modules
install: install-programs install-modules install-docs install-conf install-service

# Stores that are modules, bs_NAME.so: their names, for packages of their own.
modules:
	@printf '%s\n' $(patsubst bs_%.so,%,$(notdir $(modules)))

install-modules: all
	$(if $(modules),install -d $(DESTDIR)$(MODULEDIR))
	$(if $(modules),install -m 0644 $(modules) $(DESTDIR)$(MODULEDIR))

install-programs: all
	install -d $(DESTDIR)$(SBINDIR)
	install -m 0755 $(programs) usr/tgt-setup-lun $(DESTDIR)$(SBINDIR)
	install -d $(DESTDIR)$(COMPLETIONDIR)
	install -m 0644 $(BUILD)/completion $(DESTDIR)$(COMPLETIONDIR)/tgtadm
	for p in tgt-admin tgt-setup-lun tgtd tgtimg; do ln -sf tgtadm $(DESTDIR)$(COMPLETIONDIR)/$$p; done

install-docs:
	install -d $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(DOCDIR)/examples \
		$(DESTDIR)$(DOCDIR)/howto
	install -m 0644 $(wildcard doc/man/*.5) $(DESTDIR)$(MANDIR)/man5
	install -m 0644 $(wildcard doc/man/*.8) $(DESTDIR)$(MANDIR)/man8
	install -m 0644 README.md COPYING $(wildcard doc/*.md) $(DESTDIR)$(DOCDIR)
	install -m 0644 $(wildcard doc/howto/*.md) $(DESTDIR)$(DOCDIR)/howto
	install -m 0644 $(wildcard conf/examples/*) $(DESTDIR)$(DOCDIR)/examples

# The administrator's file stays.
install-conf:
	install -d $(DESTDIR)$(SYSCONFDIR)/tgt/conf.d
	test -e $(DESTDIR)$(SYSCONFDIR)/tgt/targets.conf || \
		{ $(call put,0600,conf/targets.conf,$(SYSCONFDIR)/tgt/targets.conf); }

install-service:
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSUSERSDIR) $(DESTDIR)$(TMPFILESDIR) \
		$(DESTDIR)$(DOCDIR)/examples
	$(call put,0644,conf/systemd/tgt.service,$(UNITDIR)/tgt.service)
	$(call put,0644,conf/systemd/tgt.socket,$(UNITDIR)/tgt.socket)
	$(call put,0644,conf/systemd/tgt-control.socket,$(UNITDIR)/tgt-control.socket)
	$(call put,0644,conf/systemd/tgt.sysusers,$(SYSUSERSDIR)/tgt.conf)
	$(call put,0644,conf/systemd/tgt.tmpfiles,$(TMPFILESDIR)/tgt.conf)
	$(call put,0644,conf/systemd/unprivileged.conf,$(DOCDIR)/examples/unprivileged.conf)
ifeq ($(WITH_OPENRC),y)
	install -d $(DESTDIR)$(OPENRCDIR)
	$(call put,0755,conf/openrc/tgtd,$(OPENRCDIR)/tgtd)
endif
