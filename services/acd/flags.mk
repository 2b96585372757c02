# Targets of the ACD alone.

.PHONY: bench-acd mutants-acd lives-acd coverage-acd

bench-acd: $(BUILD)/tl-acd $(patsubst %,$(BUILD)/services/acd/bench/bench_%,core durable dispatch)  ## the ACD: facts per second, growth, commit, dispatch, take-over
	@services/acd/bench/run.sh $(BUILD)

mutants-acd:          ## plant bugs into the ACD's core, one at a time: are they caught?
	@services/acd/mutants/run.sh $(BUILD)

coverage-acd:         ## which branches of the ACD's core do its stories and random lives take?
	@services/acd/coverage.sh $(BUILD)

lives-acd: $(BUILD)/services/acd/tests/test_random  ## 10 million random facts over 2000 seeds, every invariant after each
	@ACD_SEEDS=1000 ACD_FACTS=5000 $<

-include services/acd/lab/lab.mk
