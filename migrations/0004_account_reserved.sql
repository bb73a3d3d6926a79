ALTER TABLE `accounts_blue` ADD `reserved` text DEFAULT '0' NOT NULL;--> statement-breakpoint
ALTER TABLE `accounts_green` ADD `reserved` text DEFAULT '0' NOT NULL;