# SPDX-License-Identifier: GPL-2.0-or-later
#
# Stores that tgtd loads at run time: the folder usr/bs_NAME becomes $(BUILD)/bs_NAME.so when this
# machine has what it needs. To add one: its line here, its folder, its row in scripts/check-layers,
# conf/debian/modules/NAME.*, and its package in usr/bs/bs_module.c.

MODULEDIR ?= $(LIBDIR)/tgt/backing-store

# $(call module,NAME,WITH_NAME's default,libraries)
define module_declare
WITH_$(1) ?= $(2)
module_libs_$(1) = $(3)
ifeq ($$(WITH_$(1)),y)
module_names += $$(if $$(wildcard usr/bs_$(1)/*.c),$(1))
endif
endef
module_names :=
$(eval $(call module_declare,nbd,$(call have,libnbd),-lnbd))
$(eval $(call module_declare,rbd,$(call have_header,rbd/librbd.h),-lrbd -lrados))
$(eval $(call module_declare,glfs,$(call have,glusterfs-api),$$(shell $$(PKG_CONFIG) --libs glusterfs-api)))
modules := $(module_names:%=$(BUILD)/bs_%.so)

# What modules may call is in tgtd and in the programs of the tests, whether those call it or not.
EXPORT_LDFLAGS := -Wl,--dynamic-list=scripts/modules.list
MODULE_LDFLAGS = $(filter-out -pie,$(TGT_LDFLAGS)) -shared

# $(call module_rule,FOLDER,FILE.so,libraries)
define module_rule
$(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)/*.c)): private TGT_CFLAGS := $$(filter-out -fPIE,$$(TGT_CFLAGS)) -fPIC -fvisibility=hidden
$(2): $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)/*.c))
	$$(MKDIR)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(MODULE_LDFLAGS) $$(LDFLAGS) $$^ $(3) -o $$@
endef
