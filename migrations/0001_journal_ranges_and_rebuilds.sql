-- Written by drizzle-kit but for the DELETE: the journal now keeps ranges of events, and the sweeper fills it from the logs.
DELETE FROM `view_positions` WHERE `view` = 'journal';--> statement-breakpoint
DROP TABLE `journal_blue`;--> statement-breakpoint
DROP TABLE `journal_green`;--> statement-breakpoint
DROP INDEX `trades_blue_symbol`;--> statement-breakpoint
DROP INDEX `trades_green_symbol`;--> statement-breakpoint
ALTER TABLE `views` ADD `epoch` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `views` ADD `kept` integer DEFAULT false NOT NULL;--> statement-breakpoint
CREATE TABLE `journal_blue` (
	`position` integer PRIMARY KEY NOT NULL,
	`aggregate_type` text NOT NULL,
	`aggregate_id` text NOT NULL,
	`from_version` integer NOT NULL,
	`to_version` integer NOT NULL,
	`previous_hash` text NOT NULL,
	`recorded_from` integer NOT NULL,
	`recorded_to` integer NOT NULL,
	`types` text NOT NULL,
	`events` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `journal_blue_aggregate` ON `journal_blue` (`aggregate_id`,`aggregate_type`,`from_version`);--> statement-breakpoint
CREATE TABLE `journal_green` (
	`position` integer PRIMARY KEY NOT NULL,
	`aggregate_type` text NOT NULL,
	`aggregate_id` text NOT NULL,
	`from_version` integer NOT NULL,
	`to_version` integer NOT NULL,
	`previous_hash` text NOT NULL,
	`recorded_from` integer NOT NULL,
	`recorded_to` integer NOT NULL,
	`types` text NOT NULL,
	`events` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `journal_green_aggregate` ON `journal_green` (`aggregate_id`,`aggregate_type`,`from_version`);--> statement-breakpoint
CREATE TABLE `rebuilds` (
	`id` integer PRIMARY KEY NOT NULL,
	`job` text NOT NULL,
	`kind` text NOT NULL,
	`views` text NOT NULL,
	`phase` text NOT NULL,
	`cursor` text,
	`aggregates_done` integer NOT NULL,
	`events_applied` integer NOT NULL,
	`differences` text NOT NULL,
	`differences_found` integer NOT NULL,
	`reason` text,
	`started_at` integer NOT NULL,
	`ended_at` integer,
	CONSTRAINT "one_rebuild" CHECK("rebuilds"."id" = 1)
);
