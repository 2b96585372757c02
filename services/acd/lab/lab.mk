# The laboratory's programs: they stand among the tests, but are not tests of their own.
$(BUILD)/services/acd/tests/run_%: $(BUILD)/services/acd/tests/run_%.o $(BUILD)/libacd.a $(COMMON)
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

SIM_ERLANG_CALLS ?= 1000000
PUBLISHED = $(wildcard $(DATA)/queueing/published_cases.json)

.PHONY: sim-erlang conformance-acd
sim-erlang: $(BUILD)/services/acd/tests/run_sim_erlang  ## the core against Erlang C and A (DATA=folder: published cases too)
	@$< $(SIM_ERLANG_CALLS) $(if $(DATA),$(PUBLISHED))
