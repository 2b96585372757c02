# The kit's conformance run: inputs that nobody here wrote, from a folder that is not part of the project.
$(BUILD)/services/kit/tests/run_%: $(BUILD)/services/kit/tests/run_%.o $(COMMON)
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

.PHONY: conformance-json
conformance: conformance-json
conformance-json: $(BUILD)/services/kit/tests/run_json  ## JSON vectors with their verdict in the name (DATA=folder)
	@if [ -d "$(DATA)/json/test_parsing" ]; then $< "$(DATA)/json/test_parsing"; \
	else echo "kit: JSON vectors are skipped: $(if $(DATA),no folder $(DATA)/json/test_parsing,DATA is not given (make conformance DATA=folder))"; fi
