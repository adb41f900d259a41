# SPDX-License-Identifier: Apache-2.0

.PHONY: ctl install-ctl

# The version of what a user installs: library, tool, pkg-config file.
VQNIC_VERSION := 1.0.0
CTL_SOVERSION := 1
CTL_CFLAGS := -D_GNU_SOURCE -Ictl/include -Ictl/common -Ikernel/include/uapi -DVQNIC_VERSION='"$(VQNIC_VERSION)"' \
	$(shell pkg-config --cflags libnl-3.0 libnl-genl-3.0 json-c)
CTL_NL := $(shell pkg-config --libs libnl-3.0 libnl-genl-3.0 zlib)
CTL_JSON := $(shell pkg-config --libs json-c)
CTL_DAEMON := $(shell pkg-config --libs json-c libcyaml yaml-0.1 libmicrohttpd libsystemd)
CTL_LIB_OBJS := $(patsubst ctl/%.c,$(B)/ctl/obj/%.o,$(wildcard ctl/lib/*.c))
CTL_COMMON_OBJS := $(patsubst ctl/%.c,$(B)/ctl/obj/%.o,$(wildcard ctl/common/*.c))
CTL_TOOL_OBJS := $(CTL_COMMON_OBJS) $(patsubst ctl/%.c,$(B)/ctl/obj/%.o,$(wildcard ctl/vqnicctl/*.c))
CTL_DAEMON_OBJS := $(CTL_COMMON_OBJS) $(patsubst ctl/%.c,$(B)/ctl/obj/%.o,$(wildcard ctl/vqnicd/*.c))

build: ctl
CTL_COMPLETIONS := $(B)/ctl/completion/vqnicctl.bash $(B)/ctl/completion/vqnicctl.zsh
ctl: $(B)/ctl/libvqnic.so $(B)/ctl/libvqnic.a $(B)/ctl/vqnicctl $(B)/ctl/vqnicd $(CTL_COMPLETIONS)

$(B)/ctl/obj/%.o: ctl/%.c ctl/rules.mk
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -fPIC $(CTL_CFLAGS) -c -o $@ $<

$(B)/ctl/libvqnic.so.$(VQNIC_VERSION): $(CTL_LIB_OBJS) ctl/lib/libvqnic.map
	@$(CC) $(LDFLAGS) -shared -Wl,-soname,libvqnic.so.$(CTL_SOVERSION) -Wl,--version-script=ctl/lib/libvqnic.map \
		-Wl,-z,defs -o $@ $(CTL_LIB_OBJS) $(CTL_NL)

$(B)/ctl/libvqnic.so: $(B)/ctl/libvqnic.so.$(VQNIC_VERSION)
	@ln -sf $(<F) $(@D)/libvqnic.so.$(CTL_SOVERSION)
	@ln -sf libvqnic.so.$(CTL_SOVERSION) $@

$(B)/ctl/libvqnic.a: $(CTL_LIB_OBJS)
	@rm -f $@
	@$(AR) rcs $@ $(CTL_LIB_OBJS)

# The tool carries the library in it, so that it runs from the build folder and in a host VM as it is. A distribution
# says CTL_LINK=so.
CTL_LINK ?= a
$(B)/ctl/vqnicctl: $(CTL_TOOL_OBJS) $(B)/ctl/libvqnic.$(CTL_LINK)
	@$(CC) $(LDFLAGS) -o $@ $^ $(CTL_NL) $(CTL_JSON)

$(B)/ctl/vqnicd: $(CTL_DAEMON_OBJS) $(B)/ctl/libvqnic.$(CTL_LINK)
	@$(CC) $(LDFLAGS) -o $@ $^ $(CTL_NL) $(CTL_DAEMON)

# Completions know what the tool knows: a program with its tables prints them for the shell.
$(B)/ctl/obj/completion/tables.o: CTL_CFLAGS += -Ictl/vqnicctl
$(B)/ctl/completion/tables: $(B)/ctl/obj/completion/tables.o $(filter-out %/main.o,$(CTL_TOOL_OBJS)) $(B)/ctl/libvqnic.a
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -o $@ $^ $(CTL_NL) $(CTL_JSON)
$(B)/ctl/completion/vqnicctl.%: $(B)/ctl/completion/tables ctl/completion/candidates.sh ctl/completion/complete.%
	@set -e; { case $* in zsh) echo '#compdef vqnicctl' ;; esac; $<; cat $(wordlist 2,3,$^); } >$@.tmp; mv $@.tmp $@

# So does the reference, docs/commands.md, which is committed.
.PHONY: reference
ctl: $(B)/ctl/reference/commands
$(B)/ctl/obj/reference/commands.o: CTL_CFLAGS += -Ictl/vqnicctl
$(B)/ctl/reference/commands: $(B)/ctl/obj/reference/commands.o $(filter-out %/main.o,$(CTL_TOOL_OBJS)) $(B)/ctl/libvqnic.a
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -o $@ $^ $(CTL_NL) $(CTL_JSON)
reference: $(B)/ctl/reference/commands
	@$< >$(B)/ctl/reference/commands.md && cp $(B)/ctl/reference/commands.md docs/commands.md

# Puts the library, its headers, the tool, the daemon with its unit, manual pages and completions below
# $(DESTDIR)$(PREFIX).
install-ctl: ctl man
	@install -d $(DESTDIR)$(PREFIX)/{bin,sbin,lib/systemd/system,include/{vqnic,linux},share/man/man{3,5,8}} \
		$(DESTDIR)$(PREFIX)/share/{bash-completion/completions,zsh/site-functions} $(DESTDIR)$(LIBDIR)/pkgconfig
	@install -m 755 $(B)/ctl/vqnicctl $(DESTDIR)$(PREFIX)/bin/
	@install -m 755 $(B)/ctl/vqnicd $(DESTDIR)$(PREFIX)/sbin/
	@sed 's|@PREFIX@|$(PREFIX)|' ctl/vqnicd/vqnicd.service.in >$(DESTDIR)$(PREFIX)/lib/systemd/system/vqnicd.service
	@install -m 644 $(B)/ctl/libvqnic.a $(B)/ctl/libvqnic.so.$(VQNIC_VERSION) $(DESTDIR)$(LIBDIR)/
	@cp -P $(B)/ctl/libvqnic.so $(B)/ctl/libvqnic.so.$(CTL_SOVERSION) $(DESTDIR)$(LIBDIR)/
	@install -m 644 ctl/include/vqnic/vqnic.h $(DESTDIR)$(PREFIX)/include/vqnic/
	@install -m 644 kernel/include/uapi/linux/vqnic.h $(DESTDIR)$(PREFIX)/include/linux/
	@install -m 644 $(B)/man/vqnicctl.8 $(B)/man/vqnicctl-*.8 $(B)/man/vqnicd.8 $(DESTDIR)$(PREFIX)/share/man/man8/
	@install -m 644 $(B)/man/vqnicd.yaml.5 $(DESTDIR)$(PREFIX)/share/man/man5/
	@install -m 644 $(B)/man/libvqnic.3 $(B)/man/vqnic_*.3 $(DESTDIR)$(PREFIX)/share/man/man3/
	@install -m 644 $(B)/ctl/completion/vqnicctl.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/vqnicctl
	@install -m 644 $(B)/ctl/completion/vqnicctl.zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_vqnicctl
	@sed 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@VERSION@|$(VQNIC_VERSION)|' ctl/lib/vqnic.pc.in \
		>$(DESTDIR)$(LIBDIR)/pkgconfig/vqnic.pc

# Unit tests run with the sanitizers: what they feed is hostile.
CTL_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
CTL_TESTS := reply decode command batch state migrate top health
build-tests: $(CTL_TESTS:%=$(B)/tests/ctl_%)
$(B)/ctl/sanitized/%.o: ctl/%.c ctl/rules.mk
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(CTL_SANITIZE) $(CTL_CFLAGS) -c -o $@ $<
$(B)/ctl/sanitized/tests/%.o: tests/unit/%.c ctl/rules.mk
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(CTL_SANITIZE) $(CTL_CFLAGS) -Ictl/lib -Ictl/vqnicctl -c -o $@ $<
CTL_SANITIZED_LIB := $(CTL_LIB_OBJS:$(B)/ctl/obj/%=$(B)/ctl/sanitized/%)
CTL_SANITIZED_TOOL := $(filter-out %/main.o,$(CTL_TOOL_OBJS:$(B)/ctl/obj/%=$(B)/ctl/sanitized/%))
$(B)/tests/ctl_command: LDFLAGS += -Wl,--wrap=vqnic_listen,--wrap=vqnic_event_fd,--wrap=vqnic_events
$(B)/tests/ctl_top: LDFLAGS += -Wl,--wrap=clock_gettime,--wrap=ppoll
$(B)/tests/ctl_health: LDFLAGS += -Wl,--wrap=vqnic_call
CTL_KERNEL_TESTS := $(patsubst %,$(B)/tests/ctl_%,command batch migrate top health)
$(CTL_KERNEL_TESTS): $(CTL_SANITIZED_TOOL) $(B)/ctl/sanitized/tests/ctl_kernel.o
$(CTL_KERNEL_TESTS): LDFLAGS += -Wl,--wrap=nl_send_auto,--wrap=nl_recv,--wrap=access
$(CTL_TESTS:%=$(B)/tests/ctl_%): $(B)/tests/ctl_%: $(B)/ctl/sanitized/tests/ctl_%.o $(CTL_SANITIZED_LIB)
	@mkdir -p $(@D)
	@$(CC) $(CTL_SANITIZE) $(LDFLAGS) -o $@ $(filter %.o,$^) $(CTL_NL) $(CTL_JSON) -lcmocka

# Those of vqnicd, whose headers have names of vqnicctl's.
CTL_DAEMON_TESTS := config keeper rpc
build-tests: $(CTL_DAEMON_TESTS:%=$(B)/tests/ctl_%)
$(CTL_DAEMON_TESTS:%=$(B)/ctl/sanitized/tests/ctl_%.o): CTL_CFLAGS += -Ictl/vqnicd
$(B)/tests/ctl_config: LDFLAGS += -Wl,--wrap=calloc,--wrap=strdup
$(B)/tests/ctl_keeper: LDFLAGS += -Wl,--wrap=vqnic_cards,--wrap=vqnic_devs,--wrap=vqnic_filters \
	-Wl,--wrap=vqnic_error,--wrap=vqnic_dev_add,--wrap=vqnic_dev_del,--wrap=vqnic_dev_set_mac \
	-Wl,--wrap=vqnic_set_policy,--wrap=fsync,--wrap=rename
CTL_SANITIZED_DAEMON := $(filter-out %/main.o,$(CTL_DAEMON_OBJS:$(B)/ctl/obj/%=$(B)/ctl/sanitized/%))
$(CTL_DAEMON_TESTS:%=$(B)/tests/ctl_%): $(B)/tests/ctl_%: $(B)/ctl/sanitized/tests/ctl_%.o $(CTL_SANITIZED_DAEMON) \
		$(CTL_SANITIZED_LIB)
	@mkdir -p $(@D)
	@$(CC) $(CTL_SANITIZE) $(LDFLAGS) -o $@ $(filter %.o,$^) $(CTL_NL) $(CTL_DAEMON) -lcmocka

# The fuzz target of the state of a device; it keeps what it finds in $(B)/fuzz/state.
CTL_FUZZ := clang $(CFLAGS) -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	-DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
build-tests: $(B)/tests/fuzz_state
$(B)/tests/fuzz_state: tests/fuzz/fuzz_state.c ctl/lib/state.c ctl/lib/state.h ctl/rules.mk
	@mkdir -p $(@D) $(B)/fuzz/state
	@$(CTL_FUZZ) $(CTL_CFLAGS) -Ictl/lib -o $@ $(filter %.c,$^) -lz

# Those of what vqnicd reads: its configuration, and what it is asked.
build-tests: $(B)/tests/fuzz_config $(B)/tests/fuzz_rpc
$(B)/tests/fuzz_config: $(addprefix ctl/,vqnicd/config.c common/address.c common/error.c common/settings.c)
$(B)/tests/fuzz_rpc: ctl/vqnicd/rpc.c
$(B)/tests/fuzz_config $(B)/tests/fuzz_rpc: $(B)/tests/fuzz_%: tests/fuzz/fuzz_%.c ctl/rules.mk \
		ctl/vqnicd/config.h ctl/vqnicd/rpc.h
	@mkdir -p $(@D) $(B)/fuzz/$*
	@$(CTL_FUZZ) $(CTL_CFLAGS) -Ictl/vqnicd -o $@ $(filter %.c,$^) $(CTL_DAEMON)
