# SPDX-License-Identifier: GPL-2.0-or-later
#
# The rules behind the Makefile: what is found by pkg-config, flags, objects by
# folder, programs, tests, installation.

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')
PKG_CONFIG ?= pkg-config
MKDIR = @mkdir -p $(@D)

# --- what this machine has ------------------------------------------------------------------------

need := jansson
optional := liburing libisal libcrypto libsystemd libaio
pc_name_libaio := libaio
have = $(shell $(PKG_CONFIG) --exists $(1) 2>/dev/null && echo y)
hash := \#
have_header = $(shell printf '$(hash)include <$(1)>\n' | $(CC) -E -x c - >/dev/null 2>&1 && echo y)

ifneq ($(call have,jansson),y)
$(error libjansson is needed and was not found by $(PKG_CONFIG): install libjansson-dev (jansson-devel), or run scripts/quickstart)
endif
WITH_URING ?= $(call have,liburing)
WITH_ISAL ?= $(call have,libisal)
WITH_CRYPTO ?= $(call have,libcrypto)
WITH_SYSTEMD ?= $(call have,libsystemd)

pkgs := jansson
ifeq ($(WITH_URING),y)
pkgs += liburing
defs += -DWITH_URING=1
endif
ifeq ($(WITH_ISAL),y)
pkgs += libisal
defs += -DWITH_ISAL=1
endif
ifeq ($(WITH_CRYPTO),y)
pkgs += libcrypto
defs += -DWITH_CRYPTO=1
endif
ifeq ($(WITH_SYSTEMD),y)
pkgs += libsystemd
defs += -DWITH_SYSTEMD=1
endif

# --- flags ----------------------------------------------------------------------------------------

OPT ?= -O2 -g
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
HARDEN := -fPIE -fstack-protector-strong $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
san_asan := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
san_fuzz := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
san_tsan := -fsanitize=thread -fno-omit-frame-pointer
SANFLAGS := $(san_$(SAN))
ifneq ($(SAN),)
ifeq ($(SANFLAGS),)
$(error SAN=$(SAN) is not known: asan, tsan or fuzz)
endif
defs += -DTGT_DEBUG=1
endif
ifneq ($(DEBUG),)
defs += -DTGT_DEBUG=1
endif
TGT_CFLAGS := -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 $(WARN) $(HARDEN) $(SANFLAGS) $(defs) -DTGT_VERSION='"$(VERSION)"' -pthread -Iusr \
	$(shell $(PKG_CONFIG) --cflags $(pkgs))
TGT_LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(SANFLAGS) -pthread
LIBS := $(shell $(PKG_CONFIG) --libs $(pkgs))

include scripts/modules.mk

# --- the tree -------------------------------------------------------------------------------------

# In the order of the layers: a folder's archive may need those after it.
folders := mgmt iscsi dev target bs scsi img base
srcs = $(wildcard usr/$(1)/*.c)
objs = $(patsubst %.c,$(BUILD)/%.o,$(1))
lib = $(BUILD)/lib$(1).a
archives := $(foreach f,$(folders),$(call lib,$(f)))
verbtabs := $(wildcard usr/*/*_verbtab.c)
programs := $(foreach p,tgtd tgtadm tgt-admin tgtimg,$(if $(wildcard usr/$(p).c),$(BUILD)/$(p)))

.PHONY: all config check clean help
.DEFAULT_GOAL := all
.SECONDARY:
.DELETE_ON_ERROR:

all: $(programs) $(modules) $(BUILD)/completion | config

config:
	@printf 'tgt %s: io_uring %s, ISA-L CRC32C %s, CHAP (libcrypto) %s, systemd %s, modules%s\n' '$(VERSION)' \
		'$(if $(filter y,$(WITH_URING)),in,out (install liburing-dev))' \
		'$(if $(filter y,$(WITH_ISAL)),in,out (install libisal-dev); slower digests)' \
		'$(if $(filter y,$(WITH_CRYPTO)),in,out (install libssl-dev))' \
		'$(if $(filter y,$(WITH_SYSTEMD)),in,out (install libsystemd-dev))' \
		'$(if $(module_names),$(module_names:%= %), none)'

# Flags that differ rebuild everything; the same flags rebuild nothing.
flags_file := $(BUILD)/flags
flags_now := $(CC) $(CFLAGS) $(OPT) $(TGT_CFLAGS) $(TGT_LDFLAGS) $(LIBS)
$(shell mkdir -p $(BUILD); printf '%s\n' '$(subst ','\'',$(flags_now))' | cmp -s - $(flags_file) || \
	printf '%s\n' '$(subst ','\'',$(flags_now))' > $(flags_file))

$(BUILD)/%.o: %.c $(flags_file)
	$(MKDIR)
	$(call say,CC,$<)
	$(Q)$(CC) $(OPT) $(TGT_CFLAGS) $(CFLAGS) $(CPPFLAGS) -MMD -MP -c $< -o $@

$(foreach m,$(module_names),$(eval $(call module_rule,usr/bs_$(m),$(BUILD)/bs_$(m).so,$(module_libs_$(m)))))

# Verb tables without the code behind them, for tgtadm.
$(BUILD)/tables/%.o: usr/%.c $(flags_file)
	$(MKDIR)
	$(call say,CC,$< (table))
	$(Q)$(CC) $(OPT) $(TGT_CFLAGS) -DVERB_TABLES_ONLY=1 $(CFLAGS) $(CPPFLAGS) -MMD -MP -c $< -o $@

define archive_rule
$(call lib,$(1)): $(call objs,$(call srcs,$(1)))
	$$(MKDIR)
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $(AR) rcs $$@ $$^
endef
$(foreach f,$(folders),$(eval $(call archive_rule,$(f))))

# What is in tape images is one file, which tgtimg has too, without the rest of its folder.
$(call lib,img): $(call objs,usr/dev/tape_format.c)

tgtd_srcs := usr/tgtd.c usr/tgtd_options.c usr/modules.c usr/verb_tables.c
$(BUILD)/tgtd: $(call objs,$(tgtd_srcs)) $(archives) scripts/modules.list
	$(call say,LD,$@)
	$(Q)$(CC) $(TGT_LDFLAGS) $(EXPORT_LDFLAGS) $(LDFLAGS) $(call objs,$(tgtd_srcs)) \
		-Wl,--whole-archive $(call lib,bs) $(call lib,base) -Wl,--no-whole-archive \
		-Wl,--start-group $(archives) -Wl,--end-group $(LIBS) -lm -o $@

tgtadm_tables := $(patsubst usr/%.c,$(BUILD)/tables/%.o,$(verbtabs) $(wildcard usr/verb_tables.c))
$(BUILD)/tgtadm: $(call objs,usr/tgtadm.c) $(tgtadm_tables) $(call lib,mgmt) $(call lib,base)
	$(call say,LD,$@)
	$(Q)$(CC) $(TGT_LDFLAGS) $(LDFLAGS) $^ $(call lib,mgmt) $(call lib,base) $(LIBS) -o $@

# Places are compiled in: other ones rebuild what has them.
$(shell printf '%s\n' '$(MODULEDIR)' | cmp -s - $(BUILD)/moduledir || printf '%s\n' '$(MODULEDIR)' > $(BUILD)/moduledir)
$(BUILD)/usr/tgtd_options.o: $(BUILD)/moduledir
$(BUILD)/usr/tgtd_options.o: private TGT_CFLAGS += -DTGT_MODULEDIR='"$(MODULEDIR)"'
$(shell printf '%s\n' '$(SYSCONFDIR)' | cmp -s - $(BUILD)/sysconfdir || printf '%s\n' '$(SYSCONFDIR)' > $(BUILD)/sysconfdir)
$(BUILD)/usr/tgt-admin.o: $(BUILD)/sysconfdir
$(BUILD)/usr/tgt-admin.o: private TGT_CFLAGS += -DTGT_SYSCONFDIR='"$(SYSCONFDIR)"'
$(BUILD)/tgt-admin: $(call objs,usr/tgt-admin.c) $(call lib,mgmt) $(call lib,base)
	$(call say,LD,$@)
	$(Q)$(CC) $(TGT_LDFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

$(BUILD)/tgtimg: $(call objs,usr/tgtimg.c) $(call lib,img) $(call lib,base)
	$(call say,LD,$@)
	$(Q)$(CC) $(TGT_LDFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

# Programs that were built for another machine can't be asked here: then none.
$(BUILD)/completion: scripts/gen-completion conf/completion/tgt.bash $(programs)
	$(call say,GEN,$@)
	$(Q)scripts/gen-completion $(BUILD) > $@ || { echo 'no completion for bash'; : > $@; }

# --- tests ----------------------------------------------------------------------------------------

# test/unit/<folder>/<name>_test.c is one program, linked with its folder and those below, and
# with test/lib/*.c. A first line "/* wrap: malloc calloc */" is not needed: test/lib says how.
# Of a module's folder only where the module is built: test/unit/bs_NAME.
unit_srcs := $(filter-out test/unit/bs_%,$(wildcard test/unit/*/*_test.c)) \
	$(foreach m,$(module_names),$(wildcard test/unit/bs_$(m)/*_test.c))
unit_bins := $(patsubst %.c,$(BUILD)/%,$(unit_srcs))
testlib_folder_base :=
unit_libs_base := base
unit_libs_scsi := scsi base
unit_libs_bs := bs base
unit_libs_target := target bs scsi base
unit_libs_dev := dev target bs scsi base
unit_libs_iscsi := iscsi dev target bs scsi base
unit_libs_mgmt := mgmt base
unit_libs_img := img base
$(foreach m,$(module_names),$(eval unit_libs_bs_$(m) := bs_$(m) bs base))
testlib_srcs := $(wildcard test/lib/*.c)
# test/lib/<folder>_*.c belongs to tests of that folder and above; test/lib/t_*.c to all.
testlib_for = $(wildcard test/lib/t_*.c) $(foreach f,$(unit_libs_$(1)),$(wildcard test/lib/$(f)_*.c))
TEST_CFLAGS = -Itest/lib
wrap := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=posix_memalign

define unit_rule
$(BUILD)/test/unit/$(1)/%: $(BUILD)/test/unit/$(1)/%.o $(call objs,$(call testlib_for,$(1))) $(foreach f,$(unit_libs_$(1)),$(call lib,$(f)))
	$$(call say,LD,$$@)
	$$(Q)$(CC) $(TGT_LDFLAGS) $(if $(filter bs,$(1)),$(EXPORT_LDFLAGS)) $(LDFLAGS) $(wrap) $$(filter %.o,$$^) -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group \
		-lcmocka $(LIBS) $(module_libs_$(1:bs_%=%)) -lm -o $$@
endef
$(foreach f,$(folders) $(module_names:%=bs_%),$(eval $(call unit_rule,$(f))))
$(foreach m,$(module_names),$(eval $(call archive_rule,bs_$(m))))
$(BUILD)/test/%.o: private TGT_CFLAGS += $(TEST_CFLAGS) -Wno-missing-prototypes

# Programs of the tests: test/<dir>/prog_<name>.c is linked with all of test/lib and the tree.
# Stores that are modules, good and bad: test/module/NAME.c becomes bs_NAME.so.
test_modules := $(patsubst test/module/%.c,$(BUILD)/test/module/bs_%.so,$(wildcard test/module/*.c))
$(BUILD)/test/module/%.o: private TGT_CFLAGS := $(filter-out -fPIE,$(TGT_CFLAGS)) -fPIC -fvisibility=hidden
$(BUILD)/test/module/bs_%.so: $(BUILD)/test/module/%.o
	$(call say,LD,$@)
	$(Q)$(CC) $(MODULE_LDFLAGS) $(LDFLAGS) $^ -o $@

$(BUILD)/test/unit/bs/bs_module_test: | $(test_modules)

.PHONY: unit tests
tests: $(unit_bins) $(test_modules)
unit: $(unit_bins)
	$(Q)scripts/run-unit $(unit_bins)
check: all unit

# --- fuzzers --------------------------------------------------------------------------------------

# test/fuzz/<folder>_<name>_fuzz.c is one program: make CC=clang SAN=fuzz fuzzers. test/fuzz/run replays the
# corpora, scripts/fuzz goes on from there.
fuzz_bins := $(patsubst %.c,$(BUILD)/%,$(wildcard test/fuzz/*_fuzz.c))
define fuzz_rule
$(BUILD)/test/fuzz/$(1)_%: $(BUILD)/test/fuzz/$(1)_%.o $(call objs,$(call testlib_for,$(1))) $(foreach f,$(unit_libs_$(1)),$(call lib,$(f)))
	$$(call say,LD,$$@)
	$$(Q)$(CC) $(TGT_LDFLAGS) $(LDFLAGS) -fsanitize=fuzzer $(wrap) $$(filter %.o,$$^) -Wl,--start-group $$(filter %.a,$$^) \
		-Wl,--end-group -lcmocka $(LIBS) -lm -o $$@
endef
$(foreach f,$(folders),$(eval $(call fuzz_rule,$(f))))
.PHONY: fuzzers
fuzzers: $(fuzz_bins)

# --- benchmark ------------------------------------------------------------------------------------

.PHONY: bench
bench: $(BUILD)/test/bench/load $(BUILD)/test/bench/limit
$(BUILD)/test/bench/%: $(BUILD)/test/bench/%.o $(call lib,base)
	$(call say,LD,$@)
	$(Q)$(CC) $(TGT_LDFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

include scripts/install.mk

clean:
	rm -rf build build-asan build-tsan $(BUILD)

help:
	@sed -n 's/^# //p' Makefile

-include $(shell find $(BUILD) -name '*.d' -type f 2>/dev/null)
