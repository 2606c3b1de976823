"""The gateway and the broker alone: measure, broker; frames speaks and sink answers, each a process of its own."""
