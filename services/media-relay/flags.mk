# Music and announcements are made at build time; the plane loads them at start.
$(BUILD)/media/sounds.ok: deploy/media/make-sounds.sh
	@$< $(@D) && touch $@

build: $(BUILD)/media/sounds.ok
