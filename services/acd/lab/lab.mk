# The laboratory's programs: they stand among the tests, but are not tests of their own.
$(BUILD)/services/acd/tests/run_%: $(BUILD)/services/acd/tests/run_%.o $(BUILD)/libacd.a $(COMMON)
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

SIM_ERLANG_CALLS ?= 1000000
PUBLISHED = $(wildcard $(DATA)/queueing/published_cases.json)

.PHONY: sim-erlang conformance-acd
sim-erlang: $(BUILD)/services/acd/tests/run_sim_erlang  ## the core against Erlang C and A (DATA=folder: published cases too)
	@$< $(SIM_ERLANG_CALLS) $(if $(DATA),$(PUBLISHED))

BANK_LOG = $(DATA)/callcenter/anonymous_bank_1999_feb_week1.tsv

conformance: conformance-acd
conformance-acd: $(BUILD)/services/acd/tests/run_bank  ## a bank's days through the ACD (DATA=folder)
	@if [ -e "$(BANK_LOG)" ]; then $< "$(BANK_LOG)"; \
	else echo "acd: the bank's day is skipped: $(if $(DATA),no file $(BANK_LOG),DATA is not given (make conformance DATA=folder))"; fi
