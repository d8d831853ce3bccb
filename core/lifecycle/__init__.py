"""The project board: questions, a team's answers, what counts as evidence, whether the team may go on."""
