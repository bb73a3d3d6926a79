CREATE INDEX `sagas_blue_definition` ON `sagas_blue` (`definition`,`started_at`);--> statement-breakpoint
CREATE INDEX `sagas_green_definition` ON `sagas_green` (`definition`,`started_at`);