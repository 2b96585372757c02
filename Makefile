# Threadline: build, test and run everything.  `make help` prints this file's targets.
#
# A new services/<name>/main.c becomes build/tl-<name> without editing anything here; a new
# tests/test_x.c, bench/bench_x.c, fuzz/fuzz_x.c or examples/x.c is found in the same way.

BUILD ?= build
SAN   ?=
CC    ?= gcc
ifneq ($(origin BUILD),file) # the scripts run and measure what is asked for here
export TL_BUILD := $(abspath $(BUILD))
endif

PKGS    := libuv libnats rdkafka libprotobuf-c jansson libcrypto libsodium libpq yaml-0.1
CFLAGS  ?= -O2 -g
WARN    := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
           -Wpointer-arith -Wformat=2 -Wvla -Wno-missing-field-initializers
HARDEN  := -fstack-protector-strong -fPIE $(if $(SAN),,-D_FORTIFY_SOURCE=2)
# Silent before `make run` has installed it.
pkgconf  = $(shell { pkg-config $(1); } 2>/dev/null)
SYSINC  := $(patsubst -I%,-isystem %,$(call pkgconf,--cflags-only-I $(PKGS))) -isystem /usr/include/hiredis
TLFLAGS  = -std=gnu17 $(CFLAGS) $(WARN) $(HARDEN) $(SAN) -MMD -MP -D_GNU_SOURCE $(SYSINC) \
           -Iservices/kit/include -isystem $(BUILD)/gen
LDFLAGS += -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(SAN)
LIBS    := $(call pkgconf,--libs $(PKGS)) -lmicrohttpd -lhiredis -lyaml -lm -lpthread

# ---- what there is -------------------------------------------------------------------------
SERVICES := $(patsubst services/%/main.c,%,$(wildcard services/*/main.c))
PROTOS   := $(shell find proto -name '*.proto' 2>/dev/null | sort)
GEN      := $(PROTOS:proto/%.proto=$(BUILD)/gen/%.pb-c.c)
KIT_SRC  := $(wildcard services/kit/src/*.c services/kit/src/*/*.c)
TESTS    := $(wildcard services/*/tests/test_*.c services/*/*/tests/test_*.c)
EXAMPLES := $(wildcard services/kit/examples/*.c)
BENCHES  := $(wildcard services/*/bench/bench_*.c)
FUZZERS  := $(wildcard services/*/fuzz/fuzz_*.c)
BINARIES := $(SERVICES:%=$(BUILD)/tl-%) $(if $(wildcard services/cli/main.c),$(BUILD)/tl) \
            $(if $(wildcard services/media-relay/plane/main.c),$(BUILD)/tl-media-plane)
BINARIES := $(filter-out $(BUILD)/tl-cli,$(BINARIES))

# Sources of one service: everything but its programs, tests, benches, fuzzers and examples.
svc_src = $(filter-out %/main.c $(addprefix services/$(1)/,tests/% bench/% fuzz/% examples/% plane/tests/%),\
          $(shell find services/$(1) -name '*.c' -not -path '*/node_modules/*' 2>/dev/null))
obj     = $(patsubst %.c,$(BUILD)/%.o,$(1))

.PHONY: all help build unit unit-san check fmt clean proto run stop status restart test integration \
        journey chaos bench conformance check-threads fuzz images image web lint install
.DEFAULT_GOAL := help
.SECONDARY:

help:                 ## print this list
	@awk -F':.*## ' '/^[a-z][a-z-]*:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install:              ## install what a bare Debian 12 machine lacks (needs root)
	@scripts/install.sh

build: $(BINARIES)    ## compile every service

proto: $(GEN)         ## generate C from proto/

$(BUILD)/gen/%.pb-c.c $(BUILD)/gen/%.pb-c.h &: proto/%.proto
	@mkdir -p $(BUILD)/gen
	@protoc-c --c_out=$(BUILD)/gen --proto_path=proto $<

$(BUILD)/gen/descriptors.pb: $(PROTOS)
	@mkdir -p $(@D)
	@protoc --include_imports --include_source_info --descriptor_set_out=$@ --proto_path=proto $(PROTOS)

$(BUILD)/gen/%.o: $(BUILD)/gen/%.c
	@$(CC) -std=gnu17 $(CFLAGS) $(SAN) -fPIE -I$(BUILD)/gen -c -o $@ $<

$(BUILD)/%.o: %.c | $(GEN)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(TLFLAGS) -Iservices/$(word 2,$(subst /, ,$<)) -c -o $@ $<

$(BUILD)/libtlproto.a: $(GEN:.c=.o)
	@rm -f $@ && ar rcs $@ $^

$(BUILD)/libtlkit.a: $(call obj,$(KIT_SRC))
	@rm -f $@ && ar rcs $@ $^

COMMON = $(BUILD)/libtlkit.a $(BUILD)/libtlproto.a

define service_rules
$(BUILD)/lib$(1).a: $(call obj,$(call svc_src,$(1)))
	@rm -f $$@ && ar rcs $$@ $$(filter %.o,$$^)
endef
ALLSVC := $(patsubst services/%/,%,$(filter-out services/kit/,$(wildcard services/*/)))
$(foreach s,$(ALLSVC),$(eval $(call service_rules,$(s))))

-include $(wildcard services/*/flags.mk)

$(BUILD)/tl-%: $(BUILD)/services/%/main.o $(BUILD)/lib%.a $(COMMON)
	@echo "  LINK  $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS) $(LIBS_$*)

$(BUILD)/tl: $(BUILD)/services/cli/main.o $(BUILD)/libcli.a $(BUILD)/libacd.a $(COMMON)
	@echo "  LINK  $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/tl-media-plane: $(BUILD)/services/media-relay/plane/main.o $(BUILD)/libmedia-relay.a $(COMMON)
	@echo "  LINK  $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS) $(LIBS_media-relay)

# ---- tests ---------------------------------------------------------------------------------
# A test program links the library of the service it stands in, the kit and the messages.
svc_of   = $(word 2,$(subst /, ,$(1)))
lib_of   = $(if $(filter kit,$(call svc_of,$(1))),,$(BUILD)/lib$(call svc_of,$(1)).a)

define program_rule
$(BUILD)/$(1:.c=): $(BUILD)/$(1:.c=.o) $(call lib_of,$(1)) $(if $(filter cli,$(call svc_of,$(1))),$(BUILD)/libacd.a) $(COMMON)
	@$(CC) $(LDFLAGS) -o $$@ $$^ $(LIBS) -lcmocka $$(LIBS_$(call svc_of,$(1)))
$(BUILD)/$(1:.c=.ok): $(BUILD)/$(1:.c=)
	@echo "  TEST  $(1)"
	@scripts/run-test.sh $$< $$@
endef
$(foreach t,$(TESTS) $(EXAMPLES) $(BENCHES),$(eval $(call program_rule,$(t))))

unit: $(TESTS:%.c=$(BUILD)/%.ok) $(EXAMPLES:%.c=$(BUILD)/%.ok)  ## unit tests: no network, no broker
	@scripts/count-tests.sh $(BUILD)

unit-san:             ## the same under AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory unit BUILD=build-san \
	    SAN="-O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"

check-threads:        ## the same under ThreadSanitizer
	@mkdir -p build-tsan
	@$(CC) -O1 -g -fPIC -fsanitize=thread -c -o build-tsan/c11_threads.o services/kit/tsan/c11_threads.c
	@LDFLAGS="-rdynamic build-tsan/c11_threads.o" TSAN_OPTIONS="suppressions=$(CURDIR)/scripts/tsan.supp die_after_fork=0" \
	    $(MAKE) --no-print-directory -k unit BUILD=build-tsan SAN="-O1 -fsanitize=thread"

$(BUILD)/fuzz/%: services/%.c $(GEN)
	@mkdir -p $(@D)
	@clang -std=gnu17 -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE $(SYSINC) \
	    -Iservices/kit/include -isystem $(BUILD)/gen -Iservices/$(call svc_of,$<) -o $@ $< \
	    $(sort $(filter-out %/main.c,$(KIT_SRC)) $(call svc_src,$(call svc_of,$<))) $(GEN) $(LIBS) $(LIBS_$(call svc_of,$<))

fuzz: $(FUZZERS:services/%.c=$(BUILD)/fuzz/%)  ## run every fuzzer for FUZZ_SECONDS (default 20)
	@scripts/fuzz.sh $(BUILD) $(or $(FUZZ_SECONDS),20)

# ---- the web, the platform -----------------------------------------------------------------
web:                  ## build shop, widget and desk
	@scripts/build-web.sh $(BUILD)

check:                ## layers, format, proto lint, API documents, static analysis
	@scripts/check.sh

fmt:                  ## format the C sources
	@git ls-files '*.c' '*.h' | xargs clang-format -i

run:                  ## install, build, start everything, load demo data, print the addresses
	@scripts/run.sh

stop:                 ## stop everything that run started
	@scripts/stop.sh

status:               ## each server and service with its port and health
	@scripts/status.sh

integration:          ## stories told through the running system (starts it if needed)
	@scripts/integration.sh

chaos:                ## everything is killed at random for a minute while customers come (ends the running calls)
	@scripts/integration.sh chaos

journey:              ## the main journey in two real browsers against the running platform
	@scripts/journey.sh

test:                 ## install, build and run every test on this machine
	@scripts/test.sh

bench:                ## benchmarks: throughput, percentiles, memory, as ratios
	@scripts/bench.sh

image:                ## one container image: make image service=acd
	docker build --build-arg SERVICE=$(service) -f docker/service.Dockerfile -t threadline/$(service) .

images: $(addprefix image-,$(filter-out cli,$(SERVICES)) cli)  ## every service's image, and Janus's
	docker build -f docker/janus.Dockerfile -t threadline/janus .
image-%:
	@$(MAKE) --no-print-directory image service=$*

conformance:          ## inputs that nobody here wrote (make conformance DATA=folder)

clean:                ## remove what was built (not the data in .run/)
	rm -rf build build-*

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
