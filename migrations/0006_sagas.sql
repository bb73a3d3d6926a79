-- Written by drizzle-kit; WITHOUT ROWID is added by hand, so that indexes hold the key and every table is one B-tree.
CREATE TABLE `saga_positions` (
	`aggregate_type` text NOT NULL,
	`aggregate_id` text NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`aggregate_type`, `aggregate_id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `sagas_blue` (
	`saga_id` text PRIMARY KEY NOT NULL,
	`definition` text NOT NULL,
	`definition_version` integer NOT NULL,
	`status` text NOT NULL,
	`reason` text,
	`version` integer NOT NULL,
	`started_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`ended_at` integer
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `sagas_blue_started` ON `sagas_blue` (`started_at`);--> statement-breakpoint
CREATE INDEX `sagas_blue_status` ON `sagas_blue` (`status`,`started_at`);--> statement-breakpoint
CREATE TABLE `sagas_green` (
	`saga_id` text PRIMARY KEY NOT NULL,
	`definition` text NOT NULL,
	`definition_version` integer NOT NULL,
	`status` text NOT NULL,
	`reason` text,
	`version` integer NOT NULL,
	`started_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`ended_at` integer
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `sagas_green_started` ON `sagas_green` (`started_at`);--> statement-breakpoint
CREATE INDEX `sagas_green_status` ON `sagas_green` (`status`,`started_at`);